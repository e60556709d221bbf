import { lnBinomial } from '../../../packages/rollout/src/statistics/log-space.ts';
import { bisect } from './reference.ts';

/**
 * Clopper and Pearson's upper bound of a probability of which `hits` of `runs` were seen, one-sided
 * 97.5 %: the upper end of the 95 % interval.
 */
export function upperBound(hits: number, runs: number): number {
  if (hits >= runs) return 1;
  const below = (p: number): number => {
    let sum = 0;
    for (let k = 0; k <= hits; k += 1) sum += Math.exp(lnBinomial(k, runs, p, 1 - p));
    return sum;
  };
  return bisect((p) => 0.025 - below(p), 1e-9, 1 - 1e-9);
}
