import { atScale, minus } from './exponential.ts';
import type { ExponentialData, HistogramData, MetricPoint, PointData, SumData } from './metric-point.ts';
import { seriesKey } from './series-key.ts';

/** A point that counts since the one before it, or why there is none. */
export type DeltaResult = { readonly delta: MetricPoint } | { readonly skipped: Skipped };

/**
 * Why a point has no delta. `first`: the counts before it are unknown. `stale`: it is not newer
 * than the one before. `sunk`: a count is smaller than before although the series did not restart;
 * `changed`: its buckets are others than before. After both, the next delta counts from this point.
 * `crowded`: there are too many series. `gauge`: gauges do not count.
 */
export type Skipped = 'first' | 'stale' | 'sunk' | 'changed' | 'crowded' | 'gauge';

/** Which series are kept. */
export interface DeltasOptions {
  /** The most series; further ones are skipped until {@link Deltas.forget} makes room. */
  readonly maxSeries?: number;
  /**
   * A cumulative series that began after this time, in milliseconds since 1970, counts from its
   * first point on: all of it is new. Default: the first point of every series is skipped.
   */
  readonly since?: number;
}

type Counted = SumData | HistogramData | ExponentialData;

interface Last {
  readonly startMs: number;
  readonly timeMs: number;
  readonly data: Counted;
}

/**
 * Turns cumulative points into deltas, a series at a time, and passes on points that are deltas
 * already. A new start time is a restart of the service: all that the point counts is new. Pure: it
 * reads no clock.
 */
export class Deltas {
  readonly #maxSeries: number;
  readonly #since: number;
  /** The newest point of each series; the series that got one most recently is last. */
  readonly #series = new Map<string, Last>();

  constructor({ maxSeries = 10_000, since = Number.POSITIVE_INFINITY }: DeltasOptions = {}) {
    this.#maxSeries = maxSeries;
    this.#since = since;
  }

  /** The number of cumulative series that are kept. */
  get size(): number {
    return this.#series.size;
  }

  /** The delta of a point against the point of its series before it. */
  add(point: MetricPoint): DeltaResult {
    const { startMs, timeMs, data } = point;
    if (data.kind === 'gauge') return { skipped: 'gauge' };
    if (data.temporality === 'delta') return { delta: point };
    const key = seriesKey(point);
    const last = this.#series.get(key);
    if (last === undefined && this.#series.size >= this.#maxSeries) return { skipped: 'crowded' };
    if (last !== undefined && timeMs <= last.timeMs) return { skipped: 'stale' };
    this.#series.delete(key);
    this.#series.set(key, { startMs, timeMs, data });
    if (last === undefined && !(startMs > this.#since)) return { skipped: 'first' };
    if (last === undefined || startMs !== last.startMs) {
      return { delta: { ...point, data: { ...data, temporality: 'delta' } } };
    }
    const difference = subtract(data, last.data);
    if (typeof difference === 'string') return { skipped: difference };
    return { delta: { ...point, startMs: last.timeMs, data: difference } };
  }

  /** Forgets the series whose newest point is older than this time. */
  forget(timeMs: number): void {
    for (const [key, last] of this.#series) if (last.timeMs < timeMs) this.#series.delete(key);
  }
}

function subtract(newer: Counted, older: Counted): PointData | 'sunk' | 'changed' {
  if (newer.kind === 'sum' && older.kind === 'sum') {
    const value = newer.value - older.value;
    return newer.monotonic && value < 0 ? 'sunk' : { ...newer, temporality: 'delta', value };
  }
  if (newer.kind === 'histogram' && older.kind === 'histogram') return subtractHistogram(newer, older);
  if (newer.kind === 'exponential' && older.kind === 'exponential') {
    return subtractExponential(newer, older);
  }
  return 'changed';
}

function subtractHistogram(newer: HistogramData, older: HistogramData): PointData | 'sunk' | 'changed' {
  const hasSameBounds =
    newer.bounds.length === older.bounds.length &&
    newer.counts.length === older.counts.length &&
    newer.bounds.every((bound, at) => bound === older.bounds[at]);
  if (!hasSameBounds) return 'changed';
  const count = newer.count - older.count;
  const counts = newer.counts.map((one, at) => one - (older.counts[at] ?? 0));
  if (count < 0 || counts.some((one) => one < 0)) return 'sunk';
  return { ...newer, temporality: 'delta', count, counts, sum: subtractSums(newer.sum, older.sum) };
}

/** An SDK lowers the scale when the values need a wider range, so the older point is merged. */
function subtractExponential(newer: ExponentialData, older: ExponentialData): PointData | 'sunk' | 'changed' {
  if (newer.scale > older.scale || newer.zeroThreshold !== older.zeroThreshold) return 'changed';
  const merged = atScale(older, newer.scale);
  const count = newer.count - older.count;
  const zeroCount = newer.zeroCount - older.zeroCount;
  const positive = minus(newer.positive, merged.positive);
  const negative = minus(newer.negative, merged.negative);
  if (count < 0 || zeroCount < 0 || positive === undefined || negative === undefined) return 'sunk';
  const sum = subtractSums(newer.sum, older.sum);
  return { ...newer, temporality: 'delta', count, zeroCount, positive, negative, sum };
}

function subtractSums(newer: number | undefined, older: number | undefined): number | undefined {
  return newer === undefined || older === undefined ? undefined : newer - older;
}
