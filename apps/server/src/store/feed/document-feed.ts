import type { Problem } from '@graylane/flags';
import type { ParsedDocument } from '../../model/document.ts';

/**
 * Where a flag document comes from that others write: an address, or several files. A feed is read
 * again whenever it may have changed.
 */
export interface DocumentFeed {
  /** The feed as messages and the history name it. */
  readonly name: string;
  /** Where its flags are edited, as the remedy for a write that is refused. */
  readonly remedy: string;
  /**
   * Reads the document; undefined if it is the one that was accepted last.
   * @throws {FeedError} if there is no document to take over.
   */
  read(): Promise<ParsedDocument | undefined>;
  /** The document that was read last is in force. */
  accept(): Promise<void>;
  /** Calls back when the document may have changed. Returns a function that ends it. */
  watch(look: () => void): () => void;
}

/** A document that can't be read, or that is faulty. */
export class FeedError extends Error {
  readonly problems: readonly Problem[];

  constructor(
    message: string,
    { cause, problems = [] }: { cause?: unknown; problems?: readonly Problem[] } = {},
  ) {
    super(message, { cause });
    this.problems = problems;
  }
}
