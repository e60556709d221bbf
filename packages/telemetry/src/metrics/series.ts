/** Label values by label name. */
export type Labels = Readonly<Record<string, string>>;

/** The trace of one observation, which OpenMetrics attaches to the bucket it fell into. */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  /** In the unit of its histogram. */
  readonly value: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/** One number with its labels. */
export class NumberSeries {
  readonly labels: Labels;
  value = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  add(by = 1): void {
    this.value += by;
  }

  /** Sets the value, in the unit of the metric. */
  set(value: number): void {
    this.value = value;
  }
}

/** One histogram with its labels. Counts are not cumulative here; the exposition adds them up. */
export class HistogramSeries {
  readonly labels: Labels;
  readonly counts: Float64Array;
  readonly exemplars: (Exemplar | undefined)[];
  readonly #bounds: readonly number[];
  sum = 0;

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
    this.exemplars = Array.from({ length: bounds.length + 1 });
  }

  /** Records a value in the unit of the boundaries. */
  observe(value: number, span?: { readonly traceId: string; readonly spanId: string }): void {
    const bucket = bucketOf(this.#bounds, value);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
    if (span) this.exemplars[bucket] = exemplarOf(value, span);
  }
}

/** A new object: the caller's span context may hold more than an exemplar may have. */
function exemplarOf(
  value: number,
  { traceId, spanId }: { readonly traceId: string; readonly spanId: string },
): Exemplar {
  return { traceId, spanId, value, timestamp: Date.now() / 1000 };
}

/**
 * The first bucket whose upper boundary the value does not exceed; the last bucket is unbounded.
 */
function bucketOf(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= (bounds[middle] ?? Infinity)) high = middle;
    else low = middle + 1;
  }
  return low;
}
