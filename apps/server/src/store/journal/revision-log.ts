import { randomBytes } from 'node:crypto';
import type { Condition, FlagDocument, HistoryPage, Revision } from '../flag-store.ts';

/** A revision that has no number yet, with the document and the file's text after it. */
export interface NewRevision extends Omit<Revision, 'revision' | 'at'> {
  readonly document: FlagDocument;
  readonly text: string;
}

/** Where the revisions of one environment are kept, in their order. */
export interface RevisionLog {
  /** The newest revision, undefined where there is none yet. */
  readonly head: string | undefined;
  readonly journal: Condition['journal'];
  /** Keeps a revision: durably, where the log is durable, when this resolves; rejects where nothing was kept. */
  append(revision: NewRevision): Promise<Revision>;
  find(revision: string): Promise<Revision | undefined>;
  page(page: HistoryPage): Promise<readonly Revision[]>;
  close(): Promise<void>;
}

/** A history has a name of its own, so that nobody mistakes its revisions for another's. */
export function newHistory(): string {
  return randomBytes(6).toString('hex');
}

const mostKept = 1000;
/** Of their changes as JSON. */
const mostCharacters = 16_777_216;

/** The last 1,000 revisions since the start, fewer where they are large: a flags file alone has no history. */
export class MemoryLog implements RevisionLog {
  readonly journal: undefined;
  readonly #history = newHistory();
  #count = 0;
  /** Newest first. */
  #revisions: readonly Revision[] = [];
  /** How large each of them is. */
  #sizes: readonly number[] = [];

  get head(): string | undefined {
    return this.#revisions[0]?.revision;
  }

  append({ document: _document, text: _text, ...entry }: NewRevision): Promise<Revision> {
    this.#count += 1;
    const revision = {
      revision: `${this.#history}.${this.#count}`,
      at: new Date().toISOString(),
      ...entry,
    };
    this.#sizes = fitting([JSON.stringify(entry.changes).length, ...this.#sizes]);
    this.#revisions = [revision, ...this.#revisions].slice(0, this.#sizes.length);
    return Promise.resolve(revision);
  }

  find(revision: string): Promise<Revision | undefined> {
    return Promise.resolve(this.#revisions.find((one) => one.revision === revision));
  }

  page({ limit, before, part }: HistoryPage): Promise<readonly Revision[]> {
    const older = this.#revisions.findIndex(({ revision }) => revision === before);
    const found = this.#revisions.slice(older + 1).filter((one) => part === undefined || touches(one, part));
    return Promise.resolve(found.slice(0, limit));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Whether a revision changed a part. */
export function touches({ changes }: Revision, [member, name]: NonNullable<HistoryPage['part']>): boolean {
  return changes.some(({ path }) => path[0] === member && path[1] === name);
}

/** The first of these sizes, as far as what has them may be kept; the very first may be as large as it is. */
function fitting(sizes: readonly number[]): readonly number[] {
  let characters = 0;
  const tooOld = sizes.findIndex((size, index) => {
    characters += size;
    return index === mostKept || (index > 0 && characters > mostCharacters);
  });
  return tooOld < 0 ? sizes : sizes.slice(0, tooOld);
}
