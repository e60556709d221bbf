import type { Edit, ParsedDocument, PartChange, PartPath } from './document.ts';

/** The key of the trace of a change: a symbol, so that no store writes it. */
export const traceId: unique symbol = Symbol('trace id');

/** The author of a change, and the reason. */
export interface Authorship {
  readonly author: string;
  readonly reason?: string | undefined;
  /** The trace of the request for the change, for the log. */
  readonly [traceId]?: string | undefined;
}

/**
 * One record to write: a JSON document that a controller keeps beside the flags. An undefined value
 * removes the record.
 */
export interface RecordEdit {
  readonly kind: string;
  readonly id: string;
  readonly value?: unknown;
}

/**
 * A change to write: single parts, or a document that replaces the whole. It becomes one revision,
 * or none if nothing differs.
 */
export type Change = Authorship & {
  /** The revision that this change takes back. */
  readonly undoes?: string | undefined;
  /** Records that are written together with the revision, or alone if nothing else differs. */
  readonly records?: readonly RecordEdit[] | undefined;
} & ({ readonly edits: readonly Edit[] } | { readonly document: ParsedDocument });

/** One entry of an environment's history. */
export interface Revision extends Authorship {
  readonly revision: string;
  /** ISO 8601, in UTC. */
  readonly at: string;
  readonly undoes?: string | undefined;
  readonly changes: readonly PartChange[];
}

/** Which revisions to read, newest first. */
export interface HistoryPage {
  readonly limit: number;
  /** Only revisions older than this one. */
  readonly before?: string | undefined;
  /** Only revisions that changed this part. */
  readonly part?: PartPath | undefined;
}
