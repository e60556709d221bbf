import type { ExponentialHistogram, Histogram } from '@graylane/rollout';
import type { Increment } from './increment.ts';

type Durations = NonNullable<Increment['durations']>;

/** Merges histograms of the same kind, all to the same buckets. */
export type Merge = (some: readonly Durations[]) => Durations;

/** Beyond these, the buckets of exponential histograms have no finite bounds. */
const maxBuckets = 5000;

/**
 * How histograms become comparable: explicit ones keep the bounds that all of them have,
 * exponential ones take the coarsest scale. Returns the reason if that is not possible.
 */
export function mergeFor(all: readonly Durations[]): Merge | string {
  const explicit = all.filter((one) => one.kind === 'histogram');
  if (explicit.length === all.length) return mergeExplicit(explicit);
  if (explicit.length > 0) {
    return 'some series have explicit buckets and others exponential ones: export one kind from all instances';
  }
  return mergeExponential(all as readonly ExponentialHistogram[]);
}

function mergeExplicit(all: readonly Histogram[]): Merge | string {
  const [first, ...others] = new Set(all.map(({ bounds }) => JSON.stringify(bounds)));
  const rest = others.map((bounds) => new Set(JSON.parse(bounds) as number[]));
  const bounds = (JSON.parse(first ?? '[]') as number[]).filter((bound) =>
    rest.every((one) => one.has(bound)),
  );
  if (bounds.length === 0) {
    return all.every((one) => one.bounds.length === 0)
      ? 'the histograms have no buckets: export them with bounds'
      : 'the histograms have no bound in common: export the same buckets from all instances';
  }
  return (some) => {
    const counts = Array.from({ length: bounds.length + 1 }, () => 0);
    for (const one of some as readonly Histogram[]) {
      let to = 0;
      for (const [at, count] of one.counts.entries()) {
        // Bucket `at` ends at its bound, so it belongs below the next common bound.
        while (to < bounds.length && (bounds[to] as number) < (one.bounds[at] ?? Number.POSITIVE_INFINITY))
          to += 1;
        counts[to] = (counts[to] ?? 0) + count;
      }
    }
    return { kind: 'histogram', bounds, counts };
  };
}

function mergeExponential(all: readonly ExponentialHistogram[]): Merge | string {
  // There may be more series than a call takes arguments.
  const scale = all.reduce((least, one) => Math.min(least, one.scale), Number.POSITIVE_INFINITY);
  const zeroThreshold = all.reduce((most, one) => Math.max(most, one.zeroThreshold), 0);
  const spans = all.map((one) => spanAt(one, scale)).filter(({ first, last }) => first <= last);
  const first = spans.reduce((least, span) => Math.min(least, span.first), Number.POSITIVE_INFINITY);
  const last = spans.reduce((most, span) => Math.max(most, span.last), Number.NEGATIVE_INFINITY);
  if (last - first >= maxBuckets)
    return `the histograms span ${last - first + 1} buckets, more than ${maxBuckets}`;
  return (some) => {
    const counts = Array.from({ length: Math.max(0, last - first + 1) }, () => 0);
    let zero = 0;
    for (const one of some as readonly ExponentialHistogram[]) {
      zero += one.zero;
      const factor = 2 ** (one.scale - scale);
      for (const [at, count] of one.counts.entries()) {
        const to = Math.floor((one.offset + at) / factor) - first;
        counts[to] = (counts[to] ?? 0) + count;
      }
    }
    return { kind: 'exponential', scale, zero, zeroThreshold, offset: counts.length > 0 ? first : 0, counts };
  };
}

/** The buckets of a histogram at a coarser scale. */
function spanAt(
  { scale: own, offset, counts }: ExponentialHistogram,
  scale: number,
): { first: number; last: number } {
  const factor = 2 ** (own - scale);
  return { first: Math.floor(offset / factor), last: Math.floor((offset + counts.length - 1) / factor) };
}
