/** The requests of one arm in one look: this look's own counts, never cumulative ones. */
export type Counts = Ratio | Histogram | ExponentialHistogram;

/** Requests, and how many of them were bad. */
export interface Ratio {
  readonly kind: 'ratio';
  /** All requests. */
  readonly total: number;
  /** At most `total`. */
  readonly bad: number;
}

/**
 * Durations in explicit buckets, as in OpenTelemetry: bucket i holds (bounds[i - 1], bounds[i]].
 */
export interface Histogram {
  readonly kind: 'histogram';
  /** Seconds, ascending. */
  readonly bounds: readonly number[];
  /** One more than `bounds`. */
  readonly counts: readonly number[];
}

/**
 * Durations in exponential buckets, as in OpenTelemetry: counts[i] holds (base^(offset + i),
 * base^(offset + i + 1)] seconds, base = 2^(2^-scale).
 */
export interface ExponentialHistogram {
  readonly kind: 'exponential';
  /** OpenTelemetry's scale: a higher one has narrower buckets. */
  readonly scale: number;
  /** Requests of at most `zeroThreshold` seconds. */
  readonly zero: number;
  /** Seconds. */
  readonly zeroThreshold: number;
  /** The index of the first bucket of `counts`. */
  readonly offset: number;
  /** Requests of each bucket. */
  readonly counts: readonly number[];
}

/**
 * Why `counts` cannot be judged, or undefined. A reset that was taken for a difference shows as a
 * negative count.
 */
export function faultOf(counts: unknown): string | undefined {
  if (typeof counts !== 'object' || counts === null) return 'there are no counts';
  const { kind } = counts as { kind?: unknown };
  if (kind === 'ratio') {
    const { total, bad } = counts as Ratio;
    if (!isCount(total)) return `"total" is ${show(total)}, not a count`;
    if (!isCount(bad)) return `"bad" is ${show(bad)}, not a count`;
    return bad > total ? `"bad" is ${bad}, more than "total", which is ${total}` : undefined;
  }
  if (kind === 'histogram') return faultOfHistogram(counts as Histogram);
  if (kind === 'exponential') return faultOfExponential(counts as ExponentialHistogram);
  return `"kind" is ${show(kind)}, not "ratio", "histogram" or "exponential"`;
}

/** How many requests there are in all. */
export function totalOf(counts: Counts): number {
  if (counts.kind === 'ratio') return counts.total;
  let sum = counts.kind === 'exponential' ? counts.zero : 0;
  for (const count of counts.counts) sum += count;
  return sum;
}

function faultOfHistogram({ bounds, counts }: Histogram): string | undefined {
  if (!Array.isArray(bounds) || !Array.isArray(counts)) return '"bounds" and "counts" must be arrays';
  if (bounds.length === 0) return '"bounds" is empty, so nothing can be compared';
  if (counts.length !== bounds.length + 1) {
    return `"counts" has ${counts.length} elements for ${bounds.length} bounds, not ${bounds.length + 1}`;
  }
  for (let index = 0; index < bounds.length; index += 1) {
    const ascends = index === 0 || (bounds[index] as number) > (bounds[index - 1] as number);
    if (!Number.isFinite(bounds[index]) || !ascends) return '"bounds" must be finite and ascend';
  }
  return faultOfBuckets(counts);
}

function faultOfExponential(histogram: ExponentialHistogram): string | undefined {
  const { scale, zero, zeroThreshold, offset, counts } = histogram;
  if (!Number.isInteger(scale) || scale < -10 || scale > 20) {
    return `"scale" is ${show(scale)}, not an integer from -10 to 20`;
  }
  if (!Number.isInteger(offset)) return `"offset" is ${show(offset)}, not an integer`;
  if (!isCount(zero)) return `"zero" is ${show(zero)}, not a count`;
  if (!(zeroThreshold >= 0)) return `"zeroThreshold" is ${show(zeroThreshold)}, not a duration`;
  return Array.isArray(counts) ? faultOfBuckets(counts) : '"counts" must be an array';
}

function faultOfBuckets(counts: readonly unknown[]): string | undefined {
  for (let index = 0; index < counts.length; index += 1) {
    if (!isCount(counts[index])) return `bucket ${index} is ${show(counts[index])}, not a count`;
  }
  return undefined;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

function show(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'missing');
}
