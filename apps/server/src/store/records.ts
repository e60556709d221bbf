import { TimeSlices } from '../time-slices.ts';
import type { FlagStore } from './flag-store.ts';

/** A JSON document that a controller keeps beside the flags: a rollout, or its evidence. */
export interface StoredRecord {
  readonly id: string;
  readonly value: unknown;
}

/** Reads the records of one environment. */
export interface RecordReader {
  /** The value of a record, undefined if it does not exist. */
  get(kind: string, id: string): Promise<unknown>;
  /** The records of a kind, in the order of their ids. */
  list(kind: string): Promise<readonly StoredRecord[]>;
}

/** The fence of a write: only the leader of this term may write. */
export interface Fence {
  /** The number of the term. Default: every server may write. */
  readonly term?: number | undefined;
}

/**
 * Small JSON documents of one environment, by kind and id, as durable as its flags. A record that
 * must change together with flags, or depends on its earlier value, is written by
 * `FlagStore.write`: the change that `decide` returns has `records`.
 */
export interface Records extends RecordReader {
  /**
   * Writes one record without a revision; an undefined value removes it.
   * @throws {RequestError} as `FlagStore.write` does.
   */
  put(kind: string, id: string, value: unknown, fence?: Fence): Promise<void>;
}

/** The records of a store, read by `reader` and written by the store. */
export function recordsOf(store: Pick<FlagStore, 'write'>, reader: RecordReader): Records {
  return {
    get: (kind, id) => reader.get(kind, id),
    list: (kind) => reader.list(kind),
    put: async (kind, id, value, fence) => {
      await store.write(() => ({ author: 'graylane', edits: [], records: [{ kind, id, value }] }), fence);
    },
  };
}

/** Parses the records of a kind, and lets other requests run in between: they may be large. */
export async function parseRecords(
  rows: ReadonlyArray<{ readonly id: string; readonly json: string }>,
): Promise<readonly StoredRecord[]> {
  const slices = new TimeSlices();
  const parsed: StoredRecord[] = [];
  for (const { id, json } of rows) {
    // oxlint-disable-next-line no-await-in-loop -- The slices follow each other.
    if (slices.over) await slices.next();
    parsed.push({ id, value: JSON.parse(json) as unknown });
  }
  return parsed;
}
