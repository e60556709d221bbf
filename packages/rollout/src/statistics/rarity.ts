import { logMean } from './log-space.ts';

/** Alternatives of the test, as multiples of the share that it excludes. */
const rarer: readonly number[] = [1 / 2, 1 / 5, 1 / 20];

/**
 * ln E against the hypothesis that at least `share` of requests are bad, when `bad` of `total` were
 * so far: the mean of three likelihood ratios. While the hypothesis is true, a further request
 * multiplies each of them by at most 1 on average. Without a bad one, about 6 / `share` requests
 * exclude the share at an alpha of .01.
 */
export function rarity(bad: number, total: number, share: number): number {
  return logMean(
    rarer.map((times) => {
      const good = Math.log1p((share * (1 - times)) / (1 - share));
      return bad * Math.log(times) + (total - bad) * good;
    }),
  );
}
