import { randomBytes } from 'node:crypto';
import type { Verification } from '../verification.ts';
import type { HistoryPage, RecordEdit, Revision } from '../../model/revision.ts';

/** A revision that has no number yet. */
export type NewRevision = Omit<Revision, 'revision' | 'at'>;

/** The revisions of one environment, in their order. */
export interface RevisionLog {
  /** Whether an appended revision survives the process. */
  readonly isDurable: boolean;
  /** The newest revision, undefined before the first one. */
  readonly head: string | undefined;
  /** The state of the log, for operators. */
  readonly details: object;
  /**
   * Keeps a revision, durably if the log is durable, and then the records with it. Rejects if
   * nothing was kept.
   */
  append(revision: NewRevision, records?: readonly RecordEdit[]): Promise<Revision>;
  find(revision: string): Promise<Revision | undefined>;
  page(page: HistoryPage): Promise<readonly Revision[]>;
  /** Checks the hash chain; a log without one has no such method. */
  verify?(): Promise<Verification>;
  close(): Promise<void>;
}

/** The name of a new history: no two histories have a revision in common. */
export function newHistory(): string {
  return randomBytes(6).toString('hex');
}

/** Whether a revision changed a part. */
export function touches({ changes }: Revision, [member, name]: NonNullable<HistoryPage['part']>): boolean {
  return changes.some(({ path }) => path[0] === member && path[1] === name);
}
