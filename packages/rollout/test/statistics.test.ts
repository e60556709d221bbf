import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logLikelihoods } from '../src/statistics/conditional-odds.ts';
import { addLook, bets, evidenceOf, newProcesses } from '../src/statistics/e-process.ts';
import {
  differenceAbove,
  logOddsRatio,
  normalQuantile,
  normalTail,
  wilson,
} from '../src/statistics/intervals.ts';
import { ksInterval } from '../src/statistics/ks.ts';
import { lnBinomial, logAdd, logMean } from '../src/statistics/log-space.ts';
import { rarity } from '../src/statistics/rarity.ts';
import { quantileInterval } from '../src/statistics/quantile.ts';
import { addAssignments, newSampleRatio, sampleRatioEvidence } from '../src/statistics/sample-ratio.ts';
import { sharpness, signFactors } from '../src/statistics/sign-bets.ts';

const size = fc.integer({ min: 1, max: 25 });
const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });

describe('the conditional likelihood of a 2x2 table', () => {
  test('adds up to 1 over all tables with the same margins', () => {
    fc.assert(
      fc.property(
        size,
        size,
        share,
        fc.double({ min: 0.1, max: 8, noNaN: true }),
        (gray, control, part, odds) => {
          const bad = Math.round(part * (gray + control));
          let sum = 0;
          for (const grayBad of feasible(gray, control, bad))
            sum += Math.exp(likelihood(gray, control, grayBad, bad, odds));
          expect(sum).toBeCloseTo(1, 10);
        },
      ),
    );
  });

  test('makes a likelihood ratio with a mean of 1 under the null hypothesis, and at most 1 below it', () => {
    fc.assert(
      fc.property(
        size,
        size,
        share,
        fc.constantFrom(1, 1.1, 2),
        fc.constantFrom(1.25, 3),
        (gray, control, part, odds, step) => {
          const bad = Math.round(part * (gray + control));
          let [atNull, below] = [0, 0];
          for (const grayBad of feasible(gray, control, bad)) {
            const ratio = Math.exp(
              likelihood(gray, control, grayBad, bad, odds * step) -
                likelihood(gray, control, grayBad, bad, odds),
            );
            atNull += ratio * Math.exp(likelihood(gray, control, grayBad, bad, odds));
            below += ratio * Math.exp(likelihood(gray, control, grayBad, bad, odds / 1.5));
          }
          expect(atNull).toBeCloseTo(1, 10);
          expect(below).toBeLessThanOrEqual(1 + 1e-10);
        },
      ),
    );
  });

  test.each([
    [4000, 4000, 3000, 1700],
    [1_000_000_000, 1_000_000_000, 20_000_000, 10_004_000],
    [1_000_000_000, 30_000_000, 900_000_000, 873_800_000],
    [1_000_000_000, 1_000_000_000, 1_999_999_000, 999_999_520],
  ])(
    'keeps the exact ratio of neighbouring tables with %i and %i requests',
    (gray, control, bad, grayBad) => {
      for (const odds of [1, 1.1, 5.5]) {
        const step =
          likelihood(gray, control, grayBad + 1, bad, odds) - likelihood(gray, control, grayBad, bad, odds);
        const exact = Math.log(
          (odds * (gray - grayBad) * (bad - grayBad)) / ((grayBad + 1) * (control - bad + grayBad + 1)),
        );
        expect(Math.abs(step - exact)).toBeLessThan(2e-6);
      }
    },
  );

  test('adds up to 1 for 10^9 requests in each arm', () => {
    const [requests, bad] = [1_000_000_000, 40_000];
    let sum = 0;
    for (let grayBad = 19_000; grayBad <= 21_000; grayBad += 1) {
      sum += Math.exp(likelihood(requests, requests, grayBad, bad, 1));
    }
    expect(sum).toBeCloseTo(1, 9);
  });

  test.each([2999, 3001])(
    'is exact on both sides of the limit between the two ways of summing, at %i bad requests',
    (bad) => {
      for (const odds of [1.1, 1.375]) {
        expect(likelihood(5000, 5000, 1550, bad, odds)).toBeCloseTo(
          exactLikelihood(5000, 5000, 1550, bad, odds),
          9,
        );
      }
    },
  );
});

describe('the robust bets', () => {
  test('have a mean of 1 for exchangeable arms of any sizes, and at most 1 with a margin', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        share,
        share,
        (gray, control, p, deviation) => {
          for (const margin of [0, 0.1]) {
            const means = sharpness.map(() => 0);
            for (let a = 0; a <= gray; a += 1) {
              for (let b = 0; b <= control; b += 1) {
                const weight = Math.exp(lnBinomial(a, gray, p, 1 - p) + lnBinomial(b, control, p, 1 - p));
                for (const [index, factor] of factorsOf(gray, control, a, b, margin, deviation).entries()) {
                  means[index] = (means[index] ?? 0) + weight * factor;
                }
              }
            }
            for (const mean of means) {
              if (margin === 0) expect(mean).toBeCloseTo(1, 9);
              else expect(mean).toBeLessThanOrEqual(1 + 1e-9);
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test('have a mean of at most 1 when the arms differ by themselves by no more than the margin', () => {
    fc.assert(
      fc.property(share, fc.double({ min: 0, max: 0.3, noNaN: true }), share, (noise, margin, deviation) => {
        for (const own of [margin, margin / 2, -margin]) {
          const high = factorsAt(own + noise - margin, deviation);
          const low = factorsAt(own - noise - margin, deviation);
          for (const [index, factor] of high.entries()) {
            expect((factor + (low[index] ?? 0)) / 2).toBeLessThanOrEqual(1 + 1e-9);
          }
        }
      }),
    );
  });

  test('agree on wide distributions whether each value or every fifth of a deviation is visited', () => {
    // 40,000 requests are thinned to 4,000: the deviation of bad ones is 20, so every fourth value
    // is visited.
    const [gray, control, grayBad, controlBad] = [40_000, 4000, 5000, 480];
    const deviation = 0.0072;
    const [mean] = factorsOf(gray, control, grayBad, controlBad, 0, deviation);
    let exact = 0;
    for (let k = 300; k <= 700; k += 1) {
      const taken = control / gray;
      const weight =
        lnBinomial(k, grayBad, taken, 1 - taken) +
        lnBinomial(control - k, gray - grayBad, taken, 1 - taken) -
        lnBinomial(control, gray, taken, 1 - taken);
      exact +=
        Math.exp(weight) * (1 + Math.tanh(((sharpness[0] ?? 0) * (k - controlBad)) / control / deviation));
    }
    expect(mean).toBeCloseTo(exact, 9);
  });
});

describe('the mixture over starts', () => {
  test('is 1 before the first look, and stays 1 while no look has a bet', () => {
    const processes = newProcesses(3);
    expect(evidenceOf(processes.fast, processes.looks)).toBe(0);
    for (let look = 1; look <= 50; look += 1) {
      addLook(processes, () => undefined);
      expect(evidenceOf(processes.fast, processes.looks)).toBeCloseTo(0, 12);
      expect(evidenceOf(processes.robust, processes.looks)).toBeCloseTo(0, 12);
    }
  });

  test('is the mean of the products from each start, computed look by look', () => {
    const tables = [
      [50, 50, 3, 2],
      [40, 60, 9, 5],
      [50, 50, 12, 4],
    ] as const;
    const processes = newProcesses(1);
    for (const [gray, control, grayBad, controlBad] of tables) {
      addLook(processes, () => ({
        table: { gray, control, grayBad, controlBad },
        odds: 1.1,
        difference: 0,
        deviation: 0.07,
        excluded: 1.5,
      }));
    }
    const products = [1.25, 1.5, 2, 3, 5].map((step) => {
      const factors = tables.map(([gray, control, a, b]) =>
        Math.exp(likelihood(gray, control, a, a + b, 1.1 * step) - likelihood(gray, control, a, a + b, 1.1)),
      );
      const from = (start: number): number =>
        factors.slice(start).reduce((product, factor) => product * factor, 1);
      const left = (look: number): number => 1 / (1 + Math.log(1 + look));
      return (
        from(0) * (left(0) - left(1)) +
        from(1) * (left(1) - left(2)) +
        from(2) * (left(2) - left(3)) +
        left(3)
      );
    });
    const mean = products.reduce((sum, product) => sum + product, 0) / products.length;
    expect(products).toHaveLength(bets.fast);
    expect(evidenceOf(processes.fast, processes.looks)).toBeCloseTo(Math.log(mean), 10);
  });
});

describe('the intervals that buckets allow', () => {
  const bounds = [0.1, 0.25, 0.5, 1];
  const samples = fc.array(fc.double({ min: 0.001, max: 2, noNaN: true }), { minLength: 1, maxLength: 40 });
  const aboveOf = (values: readonly number[]): number[] =>
    bounds.map((bound) => values.filter((value) => value > bound).length / values.length);

  test('contain the Kolmogorov-Smirnov distance of the requests themselves', () => {
    fc.assert(
      fc.property(samples, samples, (gray, control) => {
        const below = (values: readonly number[], x: number): number =>
          values.filter((value) => value <= x).length / values.length;
        const distance = Math.max(
          ...[...gray, ...control].map((x) => Math.abs(below(gray, x) - below(control, x))),
        );
        const [low, high] = ksInterval(aboveOf(gray), aboveOf(control));
        expect(distance).toBeGreaterThanOrEqual(low - 1e-12);
        expect(distance).toBeLessThanOrEqual(high + 1e-12);
      }),
    );
  });

  test('contain each quantile of the requests themselves', () => {
    fc.assert(
      fc.property(samples, fc.constantFrom(0.5, 0.95, 0.99), (values, quantile) => {
        const sorted = values.toSorted((one, other) => one - other);
        const own = sorted[Math.ceil(quantile * sorted.length - 1e-9) - 1] ?? 0;
        const [low, high] = quantileInterval(quantile, bounds, aboveOf(values));
        expect(own).toBeGreaterThan(low);
        expect(own).toBeLessThanOrEqual(high ?? Infinity);
      }),
    );
  });
});

describe('the intervals of shares', () => {
  test.each([
    [0.025, 1.959964],
    [0.001, 3.090232],
    [0.000_001, 4.753424],
  ])('use the normal quantile of %f', (tail, z) => {
    expect(normalQuantile(tail)).toBeCloseTo(z, 4);
    expect(normalTail(z)).toBeCloseTo(tail, 6);
  });

  test('are those of Wilson and Newcombe', () => {
    // Newcombe (1998), the example 56/70 against 48/80: .0524 to .3339.
    expect(differenceAbove({ bad: 56, total: 70 }, { bad: 48, total: 80 }, 1.959964)).toBeCloseTo(0.3339, 4);
    expect(wilson(81, 263, 1.959964)).toEqual({
      low: expect.closeTo(0.2553, 4),
      high: expect.closeTo(0.3662, 4),
    });
  });

  test('bound the odds ratio from both sides, also without any bad request', () => {
    const none = logOddsRatio({ bad: 0, total: 1000 }, { bad: 0, total: 1000 }, 3);
    expect(none.high).toBeGreaterThan(1);
    expect(none.low).toBeCloseTo(-none.high, 10);
    expect(Number.isFinite(none.high)).toBe(true);
  });
});

describe('numbers in log space', () => {
  test('are added and averaged without leaving the range of a double', () => {
    expect(logAdd(1000, 1000)).toBeCloseTo(1000 + Math.LN2, 12);
    expect(logAdd(-1e6, 3)).toBe(3);
    expect(logMean([2000, 0])).toBeCloseTo(2000 - Math.LN2, 12);
  });

  test('have the binomial probabilities of textbooks', () => {
    expect(Math.exp(lnBinomial(3, 10, 0.5, 0.5))).toBeCloseTo(120 / 1024, 14);
    expect(Math.exp(lnBinomial(0, 10, 0.05, 0.95))).toBeCloseTo(0.95 ** 10, 14);
    expect(Math.exp(lnBinomial(10, 10, 0.95, 0.05))).toBeCloseTo(0.95 ** 10, 14);
  });
});

describe('the sample-ratio check', () => {
  test('has a mean of 1 under the expected share', () => {
    let mean = 0;
    for (let gray = 0; gray <= 12; gray += 1) {
      const evidence = sampleRatioEvidence(addAssignments(newSampleRatio(), gray, 12 - gray, 0.3));
      mean += Math.exp(lnBinomial(gray, 12, 0.3, 0.7) + evidence);
    }
    expect(mean).toBeCloseTo(1, 10);
  });
});

function feasible(gray: number, control: number, bad: number): number[] {
  const low = Math.max(0, bad - control);
  return Array.from({ length: Math.min(gray, bad) - low + 1 }, (_, index) => low + index);
}

function likelihood(gray: number, control: number, grayBad: number, bad: number, odds: number): number {
  const into = new Float64Array(1);
  logLikelihoods({ gray, control, grayBad, controlBad: bad - grayBad }, Float64Array.of(odds), into);
  return into[0] ?? Number.NaN;
}

/** The definition, summed in the order of the values. */
function exactLikelihood(gray: number, control: number, grayBad: number, bad: number, odds: number): number {
  const weight = (k: number): number =>
    lnBinomial(k, gray, 0.3, 0.7) + lnBinomial(bad - k, control, 0.3, 0.7) + k * Math.log(odds);
  const all = feasible(gray, control, bad).map(weight);
  return weight(grayBad) - (logMean(all) + Math.log(all.length));
}

function factorsOf(
  gray: number,
  control: number,
  grayBad: number,
  controlBad: number,
  margin: number,
  deviation: number,
): number[] {
  const into = new Float64Array(sharpness.length);
  signFactors({ gray, control, grayBad, controlBad }, margin, deviation, into);
  return [...into];
}

/** The factors for a difference of shares, by a table of a million requests in each arm. */
function factorsAt(difference: number, deviation: number): number[] {
  const requests = 1_000_000;
  const more = Math.round(Math.abs(difference) * requests);
  return difference >= 0
    ? factorsOf(requests, requests, more, 0, 0, deviation)
    : factorsOf(requests, requests, 0, more, 0, deviation);
}

describe('the test that bad requests are rare', () => {
  /** The mean of E over all numbers of bad requests, if each is bad with probability `p`. */
  const mean = (total: number, p: number, excluded: number): number =>
    Array.from({ length: total + 1 }, (_, bad) =>
      Math.exp(lnBinomial(bad, total, p, 1 - p) + rarity(bad, total, excluded)),
    ).reduce((sum, one) => sum + one, 0);

  test('has a mean of 1 where as many are bad as it excludes, and less where more are', () => {
    for (const total of [1, 10, 400]) {
      expect(mean(total, 0.02, 0.02)).toBeCloseTo(1, 10);
      expect(mean(total, 0.03, 0.02)).toBeLessThan(1);
      expect(mean(total, 0.002, 0.02)).toBeGreaterThan(1);
    }
  });

  test('needs about 6,000 requests without a bad one to exclude .1 % at an alpha of .01', () => {
    const enough = (total: number): boolean => rarity(0, total, 0.001) >= Math.log(100);
    expect([enough(5_500), enough(6_500)]).toEqual([false, true]);
  });
});
