import type { ExponentialData, HistogramData } from '../../signals/metric-point.ts';

/** Durations in buckets: upper bounds in seconds, ascending, and one count more than bounds. */
export interface Durations {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** The range in which a quantile lies, in seconds; `to` is null if the last bucket has no bound. */
export interface QuantileRange {
  readonly from: number;
  readonly to: number | null;
}

/** The durations of a histogram. `seconds` is the length of its unit. */
export function durationsOf(data: HistogramData | ExponentialData, seconds: number): Durations {
  if (data.kind === 'histogram') {
    return { bounds: data.bounds.map((bound) => bound * seconds), counts: data.counts };
  }
  const { scale, zeroCount, zeroThreshold, positive } = data;
  const base = 2 ** (2 ** -scale);
  const bounds = positive.counts.map((_, at) => base ** (positive.offset + at + 1) * seconds);
  return { bounds: [zeroThreshold * seconds, ...bounds], counts: [zeroCount, ...positive.counts, 0] };
}

/** The sum of durations whose buckets are the same. */
export function sumOf(one: Durations, other: Durations): Durations {
  return { bounds: one.bounds, counts: one.counts.map((count, at) => count + (other.counts[at] ?? 0)) };
}

/**
 * The range of a quantile: the bounds of its bucket, within which the data does not place it.
 * Undefined without any durations.
 */
export function quantileRange({ bounds, counts }: Durations, quantile: number): QuantileRange | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let seen = 0;
  for (const [at, count] of counts.entries()) {
    seen += count;
    if (count > 0 && seen >= quantile * total) return { from: bounds[at - 1] ?? 0, to: bounds[at] ?? null };
  }
  return undefined;
}
