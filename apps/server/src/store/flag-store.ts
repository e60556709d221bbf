import type { Flag, FlagSet, Problem } from '@graylane/flags';

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

/** An edit that could not be taken over: the rules before it stay. */
export interface Fault {
  readonly file: string;
  readonly problems: readonly Problem[];
  readonly since: Date;
}

/** One flag to write: its definition, or none to remove it. */
export interface FlagEdit {
  readonly key: string;
  readonly definition: object | undefined;
}

/** Where the flags of one environment live. */
export interface FlagStore {
  readonly snapshot: Snapshot;
  /** The edit by hand that waits to be mended, if there is one. */
  readonly fault: Fault | undefined;
  /** Calls back after each change, in the order of the revisions. Returns what ends that. */
  onChange(listener: (after: Snapshot, before: Snapshot) => void): () => void;
  /**
   * Writes one flag. `decide` is given the flag as it is and answers the edit, or throws to refuse: nobody writes in between.
   * @throws {StoreError} where nothing can be written now.
   */
  write(decide: (current: Flag | undefined) => FlagEdit, key: string): Promise<Snapshot>;
  close(): void;
}

/** Why there is nothing to read, or why nothing can be written now. */
export class StoreError extends Error {
  readonly code: 'pending_fault' | 'unknown_environment' | 'unwritable';

  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(`StoreError [${code}]: ${message}`, options);
    this.name = 'StoreError';
    this.code = code;
  }
}
