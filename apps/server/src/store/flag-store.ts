import type { Verification } from './verification.ts';
import type { Snapshot } from '../model/document.ts';
import type { Change, HistoryPage, Revision } from '../model/revision.ts';
import type { Fence, RecordReader, Records } from './records.ts';

/** A change that a store has made, with the parts that differ in `revision.changes`. */
export interface FlagsChanged {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly revision: Revision;
  /** The keys of the flags that may evaluate differently. */
  readonly affected: readonly string[];
}

/** The state of a store, for operators. */
export interface StoreHealth {
  /** Whether an operator must act: an edit by hand is faulty, or the last write failed. */
  readonly degraded: boolean;
  readonly readOnly: boolean;
  /** The members that this kind of store adds to `/healthz`. */
  readonly details: object;
}

/** Decides on a change, from the newest state of a store. */
export type Decide = (current: Snapshot, records: RecordReader) => Change | Promise<Change>;

/**
 * The flags of one environment, and their history. A store keeps the newest snapshot in memory, and
 * applies changes with `applyChange`.
 */
export interface FlagStore {
  readonly snapshot: Snapshot;
  readonly records: Records;
  health(): StoreHealth;
  /**
   * Calls back after each change, in the order of the revisions. Returns a function that ends it.
   */
  onChange(listener: (event: FlagsChanged) => void): () => void;
  /**
   * Writes one revision, durable when this resolves. `decide` gets the newest snapshot and records
   * and returns the change, or throws to refuse: no other write comes in between. It may be called
   * again with newer ones, and must not write itself. The records of the change are written
   * together with the revision or, if no flags differ, alone.
   * @throws {RequestError} if the change is not valid, nothing can be written now, or the term of
   *   the fence has ended (`stale_term`).
   */
  write(decide: Decide, fence?: Fence): Promise<Snapshot>;
  history(page: HistoryPage): Promise<readonly Revision[]>;
  /** One revision, undefined if this history does not have it. */
  revision(revision: string): Promise<Revision | undefined>;
  /** Checks the hash chain of the history; undefined if it has none. */
  verify?(): Promise<Verification> | undefined;
  /** Finishes the writes under way. */
  close(): Promise<void>;
}
