import type { FractionalHash } from '../flag-set-settings.ts';

/** A variant of `fractional`, and its weight: an integer from 0 on. */
export interface Bucket {
  readonly variant: unknown;
  readonly weight: number;
}

/** Buckets as a table: the first end beyond the position of a hash belongs to its bucket. */
export interface BucketTable {
  readonly ends: readonly number[];
  readonly buckets: readonly Bucket[];
}

/** The greatest sum of weights. */
const maxTotal = 2_147_483_647;

/** Reads one entry of `fractional`; null if it is not [variant, weight]. */
export function toBucket(entry: unknown): Bucket | null {
  if (!Array.isArray(entry) || entry.length === 0 || entry.length > 2) return null;
  const [variant, weight = 1] = entry as unknown[];
  if (typeof variant === 'object' && variant !== null) return null;
  if (!Number.isInteger(weight)) return null;
  return { variant, weight: Math.max(0, weight as number) };
}

/**
 * The table of some buckets; undefined if one is invalid, or their weights are 0 or over
 * 2,147,483,647 together.
 */
export function bucketTable(
  buckets: readonly (Bucket | null)[],
  version: FractionalHash,
): BucketTable | undefined {
  let total = 0;
  for (const bucket of buckets) {
    if (bucket === null) return undefined;
    total += bucket.weight;
  }
  if (total === 0 || total > maxTotal) return undefined;
  const valid = buckets as readonly Bucket[];
  return { ends: version === 'v1' ? endsInPercent(valid, total) : ends(valid, total), buckets: valid };
}

/** The position of a hash, which is a signed integer, among the ends. */
export function positionOf(hash: number, version: FractionalHash): number {
  return version === 'v1' ? percent(hash) : hash >>> 0;
}

/**
 * The hash at which each bucket ends: (hash * total) >> 32 is below the sum of the weights so far
 * for all hashes before it, and for no other.
 */
function ends(buckets: readonly Bucket[], total: number): number[] {
  let reached = 0;
  return buckets.map(({ weight }) => {
    reached += weight;
    // Up to 2^20, product and quotient are exact enough for doubles.
    return total <= 2 ** 20
      ? Math.ceil((reached * 2 ** 32) / total)
      : Number((BigInt(reached) * 2n ** 32n + BigInt(total) - 1n) / BigInt(total));
  });
}

/** Version 1 works in percent and single precision, as Java's provider does, rounding included. */
function endsInPercent(buckets: readonly Bucket[], total: number): number[] {
  let reached = 0;
  return buckets.map(({ weight }) => {
    const share = Math.fround(Math.fround(Math.imul(weight, 100)) / Math.fround(total));
    reached = Math.fround(reached + share);
    return reached;
  });
}

function percent(hash: number): number {
  // Java's absolute value of the least integer is the least integer.
  const magnitude = hash === -(2 ** 31) ? hash : Math.abs(hash);
  return Math.fround(Math.fround(Math.fround(magnitude) / 2 ** 31) * 100);
}
