import type { Arms, Counts, ExponentialHistogram } from '@graylane/rollout';

/** The requests of both arms so far, for the report. */
export type Distributions =
  | { readonly kind: 'errors'; readonly gray: BadOf; readonly control: BadOf }
  | {
      readonly kind: 'latency';
      /** Upper ends of the buckets in seconds; the last bucket has none. */
      readonly bounds: readonly number[];
      readonly gray: readonly number[];
      readonly control: readonly number[];
    };

interface BadOf {
  readonly bad: number;
  readonly total: number;
}

/** Exponential buckets are shown between the powers of the square root of 2. */
const [lowest, highest] = [-20, 12];

const grid = Array.from({ length: highest - lowest + 1 }, (_, index) => 2 ** ((lowest + index) / 2));

/**
 * Adds the counts of a look. Other buckets than before begin anew, since they can't be added.
 * Undefined if the arms differ in kind.
 */
export function addDistributions(
  before: Distributions | undefined,
  { gray, control }: Arms,
): Distributions | undefined {
  if (gray.kind === 'ratio' && control.kind === 'ratio') {
    const old = before?.kind === 'errors' ? before : undefined;
    return { kind: 'errors', gray: addBad(old?.gray, gray), control: addBad(old?.control, control) };
  }
  const [one, other] = [bucketsOf(gray), bucketsOf(control)];
  if (one === undefined || other === undefined || !same(one.bounds, other.bounds)) return before;
  const { bounds } = one;
  const old = before?.kind === 'latency' && same(before.bounds, bounds) ? before : undefined;
  return {
    kind: 'latency',
    bounds,
    gray: add(old?.gray, one.counts),
    control: add(old?.control, other.counts),
  };
}

interface Buckets {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

function bucketsOf(counts: Counts): Buckets | undefined {
  if (counts.kind === 'ratio') return undefined;
  return counts.kind === 'histogram' ? counts : onGrid(counts);
}

function onGrid({ scale, zero, offset, counts }: ExponentialHistogram): Buckets {
  const shown = Array.from({ length: grid.length + 1 }, () => 0);
  shown[0] = zero;
  for (const [index, count] of counts.entries()) {
    const end = (offset + index + 1) * 2 ** (1 - scale);
    const bucket = Math.min(grid.length, Math.max(0, Math.ceil(end - 1e-9) - lowest));
    shown[bucket] = (shown[bucket] ?? 0) + count;
  }
  return { bounds: grid, counts: shown };
}

function addBad(before: BadOf | undefined, { bad, total }: BadOf): BadOf {
  return { bad: (before?.bad ?? 0) + bad, total: (before?.total ?? 0) + total };
}

function add(before: readonly number[] | undefined, counts: readonly number[]): readonly number[] {
  return counts.map((count, index) => count + (before?.[index] ?? 0));
}

function same(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((bound, index) => bound === other[index]);
}
