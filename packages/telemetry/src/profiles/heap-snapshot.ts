import type { Readable } from 'node:stream';
import { getHeapSnapshot, getHeapStatistics } from 'node:v8';

/** A snapshot, or why it was refused. */
export type SnapshotOutcome = { readonly snapshot: Readable } | { readonly refused: string };

/** The limits within which a snapshot is safe. */
export interface SnapshotLimits {
  /** How many bytes of free memory are needed for each byte of used heap. Default: 2. */
  readonly headroom?: number;
  /**
   * The largest heap, in bytes, of which a snapshot is taken: V8 stops the process meanwhile.
   * Default: 1 GiB.
   */
  readonly maxHeapBytes?: number;
}

/** Memory that a snapshot takes beside its share of the heap's size. */
const fixedBytes = 64 * 2 ** 20;

/**
 * Takes a heap snapshot if there is memory for it. V8 stops the process for about 80 ms per
 * megabyte of heap.
 */
export function takeHeapSnapshot({
  headroom = 2,
  maxHeapBytes = 2 ** 30,
}: SnapshotLimits = {}): SnapshotOutcome {
  const used = getHeapStatistics().used_heap_size;
  const needed = used * headroom + fixedBytes;
  const available = process.availableMemory();
  if (used > maxHeapBytes) {
    return {
      refused: `the heap holds ${megabytes(used)}, and snapshots are limited to ${megabytes(maxHeapBytes)}; use /debug/pprof/heap`,
    };
  }
  if (needed > available) {
    return {
      refused: `a snapshot of ${megabytes(used)} needs about ${megabytes(needed)}, and ${megabytes(available)} are free; use /debug/pprof/heap`,
    };
  }
  return { snapshot: getHeapSnapshot() };
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
