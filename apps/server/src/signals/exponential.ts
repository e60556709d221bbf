import type { Buckets, ExponentialData } from './metric-point.ts';

/**
 * The same histogram at a coarser scale: each step down joins two neighbouring buckets.
 * @param scale at most that of the histogram.
 */
export function atScale(data: ExponentialData, scale: number): ExponentialData {
  if (scale >= data.scale) return data;
  const { positive, negative } = data;
  const factor = 2 ** (data.scale - scale);
  return { ...data, scale, positive: merge(positive, factor), negative: merge(negative, factor) };
}

function merge({ offset, counts }: Buckets, factor: number): Buckets {
  const first = Math.floor(offset / factor);
  const merged: number[] = [];
  for (const [at, count] of counts.entries()) {
    const bucket = Math.floor((offset + at) / factor) - first;
    merged[bucket] = (merged[bucket] ?? 0) + count;
  }
  return { offset: first, counts: merged };
}

/** The buckets of `newer` minus those of `older`, at one scale; undefined if a count has sunk. */
export function minus(newer: Buckets, older: Buckets): Buckets | undefined {
  const shift = newer.offset - older.offset;
  const hasCount = (count: number, at: number): boolean =>
    count > 0 && newer.counts[at - shift] === undefined;
  if (older.counts.some(hasCount)) return undefined;
  const counts = newer.counts.map((count, at) => count - (older.counts[at + shift] ?? 0));
  return counts.some((count) => count < 0) ? undefined : { offset: newer.offset, counts };
}
