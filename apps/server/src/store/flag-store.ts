import type { FlagSet, Problem } from '@graylane/flags';

/** The flags of one environment at one revision. */
export interface Snapshot {
  /** `<history>.<n>`: compared for equality, never taken apart by clients. */
  readonly revision: string;
  readonly flags: FlagSet;
  /** A flagd document whose flags stand under their keys. */
  readonly document: FlagDocument;
}

/** A flagd document. */
export interface FlagDocument {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly [name: string]: unknown;
}

/** Where a part of a document stands: one flag, one segment (flagd's `$evaluators`), or another member as a whole. */
export type PartPath = readonly [member: string] | readonly [member: 'flags' | '$evaluators', name: string];

/** One part to write; without a value it is removed. */
export interface Edit {
  readonly path: PartPath;
  readonly value: unknown;
}

/** Who changes something, and why. */
export interface Authorship {
  readonly author: string;
  readonly reason?: string | undefined;
}

/** What becomes one revision, or where nothing differs none. */
export interface Change extends Authorship {
  readonly edits: readonly Edit[];
  /** The revision that this one takes back. */
  readonly undoes?: string | undefined;
}

/** One part before and after: without `before` it was added, without `after` removed. */
export interface PartChange {
  readonly path: PartPath;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** One entry of an environment's history. */
export interface Revision extends Authorship {
  readonly revision: string;
  /** ISO 8601, in UTC. */
  readonly at: string;
  readonly undoes?: string | undefined;
  readonly changes: readonly PartChange[];
}

/** Which revisions to read: the newest first. */
export interface HistoryPage {
  readonly limit: number;
  /** Only older ones than this revision. */
  readonly before?: string | undefined;
  /** Only those that changed this part. */
  readonly part?: PartPath | undefined;
}

/** An edit that could not be taken over: the rules before it stay. */
export interface Fault {
  readonly file: string;
  readonly problems: readonly Problem[];
  readonly since: Date;
}

/** How a store is, for those who operate it. */
export interface Condition {
  /** The edit by hand that waits to be mended, if there is one. */
  readonly fault: Fault | undefined;
  /** What the disk answered to the last write, if that failed. */
  readonly trouble: { readonly message: string; readonly since: Date } | undefined;
  readonly readOnly: boolean;
  /** The newest entry of a durable history: its number and its hash. */
  readonly journal: { readonly entries: number; readonly head: string } | undefined;
}

/** Where the flags of one environment live. */
export interface FlagStore {
  readonly snapshot: Snapshot;
  readonly condition: Condition;
  /** Calls back after each change, in the order of the revisions. Returns what ends that. */
  onChange(listener: (after: Snapshot, before: Snapshot) => void): () => void;
  /**
   * Writes one revision, durable when this resolves. `decide` is given the flags as they are and answers the change, or throws to
   * refuse: nobody writes in between. A change is judged by what it changes; faults elsewhere stay as they are.
   * @throws {StoreError} where the change is not valid, or nothing can be written now.
   */
  write(decide: (current: Snapshot) => Change): Promise<Snapshot>;
  history(page: HistoryPage): Promise<readonly Revision[]>;
  /** One revision, or undefined where this history has none such. */
  revision(revision: string): Promise<Revision | undefined>;
  /** Finishes what is being written. */
  close(): Promise<void>;
}

/** Why there is nothing to read, or why nothing can be written now. */
export class StoreError extends Error {
  readonly code:
    | 'disk_full'
    | 'invalid'
    | 'name_taken'
    | 'pending_fault'
    | 'protected'
    | 'read_only'
    | 'unknown_environment'
    | 'unwritable';
  /** The message for a caller, to whom the name and the code of the class say nothing. */
  readonly detail: string;
  readonly problems: readonly Problem[] | undefined;

  constructor(
    code: StoreError['code'],
    message: string,
    { problems, ...options }: ErrorOptions & { readonly problems?: readonly Problem[] } = {},
  ) {
    super(`StoreError [${code}]: ${message}`, options);
    this.name = 'StoreError';
    this.code = code;
    this.detail = message;
    this.problems = problems;
  }
}
