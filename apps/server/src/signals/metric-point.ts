import type { Attributes, Source } from './source.ts';

/** One data point of a metric, of one series, as a service exported it. */
export interface MetricPoint {
  readonly source: Source;
  /** The name of the instrument, e.g. `http.server.request.duration`. */
  readonly name: string;
  /** The unit in UCUM's notation, e.g. `s`; empty if the instrument has none. */
  readonly unit: string;
  readonly attributes: Attributes;
  /**
   * When the counts began, in milliseconds since 1970, with fractions; 0 if unknown. A cumulative
   * series that restarts from zero has a new one.
   */
  readonly startMs: number;
  /** When the point was taken, by the clock of the service, in milliseconds since 1970. */
  readonly timeMs: number;
  readonly data: PointData;
}

/** The numbers of a point. All counts are finite, whole and not negative. */
export type PointData = GaugeData | SumData | HistogramData | ExponentialData;

/** Whether a point counts since the point before it, or since the start of its series. */
export type Temporality = 'delta' | 'cumulative';

export interface GaugeData {
  readonly kind: 'gauge';
  readonly value: number;
}

export interface SumData {
  readonly kind: 'sum';
  readonly temporality: Temporality;
  /** Whether the sum never sinks; it is then not negative. */
  readonly monotonic: boolean;
  readonly value: number;
}

export interface HistogramData {
  readonly kind: 'histogram';
  readonly temporality: Temporality;
  readonly count: number;
  /** Undefined if the instrument records negative values, too. */
  readonly sum: number | undefined;
  /** The upper bounds of the buckets, ascending, each inclusive; the last bucket has none. */
  readonly bounds: readonly number[];
  /** One more than there are bounds; empty if the exporter sends the count alone. */
  readonly counts: readonly number[];
}

export interface ExponentialData {
  readonly kind: 'exponential';
  readonly temporality: Temporality;
  readonly count: number;
  readonly sum: number | undefined;
  /** The base of the buckets is 2 ** (2 ** -scale). */
  readonly scale: number;
  /** The values whose magnitude is at most `zeroThreshold`. */
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
}

/** Bucket i counts the values in (base ** (offset + i), base ** (offset + i + 1)]. */
export interface Buckets {
  readonly offset: number;
  readonly counts: readonly number[];
}
