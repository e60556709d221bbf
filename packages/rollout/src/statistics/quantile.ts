/**
 * The bucket in which a quantile lies, as its ends in seconds: buckets do not allow more precision.
 * The upper end is null above the last boundary. `above` holds the shares of requests above each
 * bound, ascending by bound.
 */
export function quantileInterval(
  quantile: number,
  bounds: readonly number[],
  above: readonly number[],
): [number, number | null] {
  const tail = 1 - quantile;
  // A rounding error of the share must not move the quantile to the next bucket.
  const index = above.findIndex((share) => share <= tail + 1e-12);
  if (index < 0) return [bounds.at(-1) ?? 0, null];
  return [bounds[index - 1] ?? 0, bounds[index] ?? null];
}
