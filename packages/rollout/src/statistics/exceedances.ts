import { totalOf, type Counts, type ExponentialHistogram } from '../counts.ts';

/** The boundaries at which an SLI is compared, fixed by its first look. */
export type Boundaries =
  | { readonly kind: 'ratio' }
  | { readonly kind: 'histogram'; readonly bounds: readonly number[] }
  | { readonly kind: 'exponential'; readonly scale: number };

/** Requests in all, and above each boundary; NaN where the buckets do not resolve a boundary. */
export interface Exceedances {
  readonly total: number;
  readonly above: readonly number[];
}

/** The exceedances of both arms in one look. */
export interface Measured {
  readonly gray: Exceedances;
  readonly control: Exceedances;
}

/**
 * Exponential buckets are compared at the powers of the square root of 2 from 2^-10 (1 ms) to 2^6
 * (64 s).
 */
const [finest, lowest, highest] = [1, -10, 6];

/** The boundaries that the counts of both arms have, or why the arms cannot be compared. */
export function boundariesOf(gray: Counts, control: Counts): Boundaries | string {
  if (gray.kind !== control.kind) return `gray has counts of kind "${gray.kind}", control "${control.kind}"`;
  if (gray.kind === 'exponential' && control.kind === 'exponential') {
    return { kind: 'exponential', scale: Math.min(finest, gray.scale, control.scale) };
  }
  if (gray.kind !== 'histogram' || control.kind !== 'histogram') return { kind: 'ratio' };
  if (!same(gray.bounds, control.bounds)) return 'the arms have different buckets';
  return { kind: 'histogram', bounds: gray.bounds.length > 64 ? thinned(gray.bounds) : [...gray.bounds] };
}

/** Upper ends in seconds; empty for a ratio, whose one boundary lies between good and bad. */
export function boundsOf(boundaries: Boundaries): readonly number[] {
  if (boundaries.kind === 'ratio') return [];
  if (boundaries.kind === 'histogram') return boundaries.bounds;
  return gridOf(boundaries.scale).map((exponent) => 2 ** exponent);
}

/** How many tables an SLI has. */
export function sizeOf(boundaries: Boundaries): number {
  if (boundaries.kind === 'ratio') return 1;
  return boundaries.kind === 'histogram' ? boundaries.bounds.length : gridOf(boundaries.scale).length;
}

/** The exceedances of `counts` over `boundaries`, or the reason why they can't be computed. */
export function exceedances(counts: Counts, boundaries: Boundaries): Exceedances | string {
  const total = totalOf(counts);
  if (counts.kind !== boundaries.kind) {
    return `the counts are of kind "${counts.kind}", in earlier looks of "${boundaries.kind}"`;
  }
  if (counts.kind === 'ratio') return { total, above: [counts.bad] };
  if (counts.kind === 'exponential') {
    const { scale } = boundaries as { scale: number };
    return { total, above: gridOf(scale).map((exponent) => exponentialAbove(counts, exponent)) };
  }
  const { bounds } = boundaries as { bounds: readonly number[] };
  const above: number[] = [];
  let left = total;
  let next = 0;
  for (let index = 0; index < counts.bounds.length && next < bounds.length; index += 1) {
    left -= counts.counts[index] ?? 0;
    if (counts.bounds[index] === bounds[next]) {
      above.push(left);
      next += 1;
    }
  }
  return next === bounds.length ? { total, above } : 'the buckets are others than in earlier looks';
}

/**
 * Requests above 2^exponent seconds; NaN where a bucket, the one of zeros included, lies across it.
 */
function exponentialAbove(counts: ExponentialHistogram, exponent: number): number {
  const index = exponent * 2 ** counts.scale;
  if (!Number.isInteger(index)) return Number.NaN;
  if (counts.zero > 0 && counts.zeroThreshold > 2 ** exponent) return Number.NaN;
  let above = 0;
  const first = Math.max(0, index - counts.offset);
  for (let at = first; at < counts.counts.length; at += 1) above += counts.counts[at] ?? 0;
  return above;
}

const grids = new Map<number, readonly number[]>();

/** Exponents of 2. A coarser scale has every second, fourth, ... of them. */
function gridOf(scale: number): readonly number[] {
  let grid = grids.get(scale);
  if (grid === undefined) {
    const step = 2 ** -scale;
    const first = Math.ceil(lowest / step) * step;
    grid = Array.from(
      { length: Math.floor((highest - first) / step) + 1 },
      (_, index) => first + index * step,
    );
    grids.set(scale, grid);
  }
  return grid;
}

function same(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((bound, index) => bound === other[index]);
}

/** Of very many buckets, 64 evenly spaced ones bound the size of the evidence. */
function thinned(bounds: readonly number[]): number[] {
  return Array.from(
    { length: 64 },
    (_, index) => bounds[Math.floor(((index + 0.5) * bounds.length) / 64)] ?? 0,
  );
}
