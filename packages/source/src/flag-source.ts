/** Where a provider's rules come from. A provider that is used again after it was closed starts its source again. */
export interface FlagSource {
  /** Begins to deliver; the sink may be called at once. */
  start(sink: FlagSink): void;
  /** Delivers no more, and lets go of what it holds. */
  close(): void;
}

/** Who takes what a source delivers. */
export interface FlagSink {
  /** The rules at a revision. Rules that can't be read leave the last good ones in force, and answer false. */
  update(document: unknown, revision: string): boolean;
  /** The rules are the newest, as far as the source can tell. */
  live(): void;
  /** The source is out of reach, or holds something unreadable: the rules may be old. */
  stale(message: string): void;
}
