import type { Buckets, PointData, Temporality } from '../../signals/metric-point.ts';
import type {
  ExponentialHistogram,
  ExponentialHistogramDataPoint,
  ExponentialHistogramDataPoint_Buckets as EncodedBuckets,
  Histogram,
  HistogramDataPoint,
  NumberDataPoint,
  Sum,
} from './gen/graylane/otlp/v1/metrics_pb.ts';

/** The data of a point, or why it is rejected. */
type Result = PointData | string;

/** Scales beyond these have buckets that no double distinguishes. */
const [minScale, maxScale] = [-11, 20];

/** The most buckets of a point; exponential histograms have 320 by default. */
const maxBuckets = 2000;

const noTemporality = 'it is neither delta nor cumulative';

export function gaugeOf(point: NumberDataPoint): Result {
  const value = numberOf(point);
  return Number.isFinite(value) ? { kind: 'gauge', value } : notNumber(value);
}

export function sumOf(point: NumberDataPoint, { aggregationTemporality, isMonotonic }: Sum): Result {
  const temporality = temporalities[aggregationTemporality];
  if (temporality === undefined) return noTemporality;
  const value = numberOf(point);
  if (!Number.isFinite(value)) return notNumber(value);
  if (isMonotonic && value < 0) return `the monotonic sum is ${value}, less than 0`;
  return { kind: 'sum', temporality, monotonic: isMonotonic, value };
}

export function histogramOf(point: HistogramDataPoint, { aggregationTemporality }: Histogram): Result {
  const temporality = temporalities[aggregationTemporality];
  if (temporality === undefined) return noTemporality;
  const { explicitBounds: bounds, bucketCounts, sum } = point;
  const [count, counts] = [Number(point.count), bucketCounts.map(Number)];
  const isBare = counts.length === 0 && bounds.length === 0;
  if (!isBare && counts.length !== bounds.length + 1) {
    return `it has ${counts.length} bucket counts for ${bounds.length} bounds: send one more than bounds`;
  }
  if (counts.length > maxBuckets) return tooManyBuckets(counts.length);
  if (bounds.some((bound, at) => !(bound > (bounds[at - 1] ?? -Infinity)))) {
    return 'its bounds do not ascend';
  }
  const total = totalOf(counts);
  if (!isBare && total !== count) return `its buckets add up to ${total}, and its count is ${count}`;
  return { kind: 'histogram', temporality, count, sum, bounds, counts };
}

export function exponentialOf(
  point: ExponentialHistogramDataPoint,
  { aggregationTemporality }: ExponentialHistogram,
): Result {
  const temporality = temporalities[aggregationTemporality];
  if (temporality === undefined) return noTemporality;
  const { scale, sum, zeroThreshold } = point;
  if (scale < minScale || scale > maxScale) {
    return `its scale is ${scale}, not in ${minScale} to ${maxScale}`;
  }
  if (!(zeroThreshold >= 0)) return `its zero threshold is ${zeroThreshold}`;
  const [count, zeroCount] = [Number(point.count), Number(point.zeroCount)];
  const [positive, negative] = [bucketsOf(point.positive), bucketsOf(point.negative)];
  const buckets = positive.counts.length + negative.counts.length;
  if (buckets > maxBuckets) return tooManyBuckets(buckets);
  const total = zeroCount + totalOf(positive.counts) + totalOf(negative.counts);
  if (total !== count) return `its buckets add up to ${total}, and its count is ${count}`;
  return {
    kind: 'exponential',
    temporality,
    count,
    sum,
    scale,
    zeroCount,
    zeroThreshold,
    positive,
    negative,
  };
}

function tooManyBuckets(buckets: number): string {
  return `it has ${buckets} buckets, more than ${maxBuckets}`;
}

function numberOf({ value }: NumberDataPoint): number {
  return value.case === undefined ? Number.NaN : Number(value.value);
}

function notNumber(value: number): string {
  return `its value is ${value}`;
}

function bucketsOf(buckets: EncodedBuckets | undefined): Buckets {
  return { offset: buckets?.offset ?? 0, counts: buckets?.bucketCounts.map(Number) ?? [] };
}

/** OTLP's `AggregationTemporality`. */
const temporalities: Readonly<Record<number, Temporality>> = { 1: 'delta', 2: 'cumulative' };

function totalOf(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
