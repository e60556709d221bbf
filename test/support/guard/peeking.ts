import { Random } from './random.ts';

/**
 * Armitage, McPherson and Rowe (1969): P(|z| > 1.96 at some look) at 5, 10, 20, 50 and 100 looks at
 * equal intervals.
 */
export const armitage: ReadonlyArray<readonly [looks: number, rate: number]> = [
  [5, 0.142],
  [10, 0.193],
  [20, 0.248],
  [50, 0.32],
  [100, 0.374],
];

/** The same rates in a simulation of `runs` series of normal values. */
export function peek(runs: number, seed: number): number[] {
  const hits = armitage.map(() => 0);
  const random = new Random(seed);
  for (let run = 0; run < runs; run += 1) {
    let [sum, first] = [0, Infinity];
    for (let look = 1; look <= 100 && first === Infinity; look += 1) {
      sum += random.normal();
      if (Math.abs(sum) > 1.959964 * Math.sqrt(look)) first = look;
    }
    for (const [index, [looks]] of armitage.entries())
      if (first <= looks) hits[index] = (hits[index] ?? 0) + 1;
  }
  return hits.map((count) => count / runs);
}
