import { normalTail } from '../../../packages/rollout/src/statistics/intervals.ts';

/**
 * Bounds that hold at all times, after Howard and Ramdas, "Sequential estimation of quantiles" and
 * "Time-uniform, nonparametric, nonasymptotic confidence sequences". The simulator reproduces known
 * values of them before its own figures count.
 */

/**
 * A bound of |sum - t p| for the order statistics around the quantile p; stitched over epochs of
 * time and of p.
 */
export function doubleStitchingBound(p: number, t: number, alpha: number, from: number): number {
  const [delta, s, eta] = [0.5, 1.4, 2];
  const time = Math.max(t, from);
  const ratio = time / from;
  const logit = Math.log(p / (1 - p));
  const moved = 1 / (1 + Math.exp(-(logit + 2 * delta * Math.sqrt(eta / ratio))));
  const r = p >= 0.5 ? p : Math.min(0.5, moved);
  const variance = r * (1 - r);
  const epoch = (Math.sqrt(ratio) * Math.abs(logit)) / (2 * delta) + 1;
  const z = zeta(s);
  const level =
    s * Math.log(Math.log(eta * ratio)) +
    s * Math.log(epoch) +
    Math.log((2 * z * (2 * z + 1)) / (alpha * Math.log(eta) ** s));
  const k1 = (eta ** 0.25 + eta ** -0.25) / Math.SQRT2;
  const skew = (((Math.sqrt(eta) + 1) / 2) * (1 - 2 * p) * level) / 3;
  return (
    delta * Math.sqrt(eta * ratio * variance) +
    Math.sqrt(k1 * k1 * variance * time * level + skew * skew) +
    skew
  );
}

/**
 * A bound of the distance between the empirical and the true distribution, at all times from `from`
 * on.
 */
export function empiricalProcessBound(t: number, alpha: number, from: number): number {
  const a = 0.85;
  const errorOf = (c: number): number => {
    const end = bisect((eta) => Math.sqrt(eta / 2) + Math.sqrt((2 * (eta - 1)) / c) - a, 1, 2 * a * a);
    return minimum(
      (eta) => {
        const square = (2 / eta) * (a - Math.sqrt((2 * (eta - 1)) / c)) ** 2;
        if (square <= 1) return Infinity;
        return 4 * Math.exp(-square * c) * (1 + 1 / ((square - 1) * Math.log(eta)));
      },
      1 + 1e-9,
      end,
    );
  };
  const c = bisect((one) => errorOf(one) - alpha, 1, 100);
  return a * Math.sqrt((Math.log(1 + Math.log(t / from)) + c) / t);
}

/**
 * The confidence interval of a share, valid at all times: a beta mixture of binomial likelihoods.
 */
export function bernoulliInterval(bad: number, total: number, alpha: number, best: number): [number, number] {
  const share = bad / total;
  const excess = (p: number): number => {
    const q = 1 - p;
    const r = Math.max(p * q * best * rhoOf(alphaOfBest) - p * q, 1e-3 * p * q);
    const mixture = logBeta(r / p + total - bad, r / q + bad) - logBeta(r / p, r / q);
    return mixture - bad * Math.log(p) - (total - bad) * Math.log(q) + Math.log(alpha);
  };
  return [bisect(excess, 1e-9, share), bisect(excess, share, 1 - 1e-9)];
}

/**
 * The boundary that a sum with variance `variance` crosses upwards with probability `alpha` at
 * most, by a half-normal mixture.
 */
export function normalMixtureBound(variance: number, alpha: number, best: number): number {
  const rho = best * rhoOf(2 * alphaOfBest);
  const spread = variance + rho;
  const log = (sum: number): number =>
    0.5 * Math.log((4 * rho) / spread) +
    (sum * sum) / (2 * spread) +
    Math.log(1 - normalTail(sum / Math.sqrt(spread)));
  return bisect((sum) => log(sum) + Math.log(alpha), 0, 1000);
}

/** The error probability for which a bound is tightest at the time `best`. */
const alphaOfBest = 0.05;

function rhoOf(alpha: number): number {
  const log = -Math.log(alpha);
  return 1 / (2 * log + Math.log(1 + 2 * log));
}

/** The root of a function with one change of sign between `low` and `high`. */
export function bisect(value: (x: number) => number, low: number, high: number): number {
  let [from, to] = [low, high];
  const rises = value(to) > value(from);
  for (let round = 0; round < 100; round += 1) {
    const middle = (from + to) / 2;
    if (value(middle) > 0 === rises) to = middle;
    else from = middle;
  }
  return (from + to) / 2;
}

function minimum(value: (x: number) => number, low: number, high: number): number {
  let [from, to] = [low, high];
  for (let round = 0; round < 200; round += 1) {
    const third = (to - from) / 3;
    if (value(from + third) < value(to - third)) to -= third;
    else from += third;
  }
  return value((from + to) / 2);
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

function logGamma(x: number): number {
  if (x < 20) return logGamma(x + 1) - Math.log(x);
  return (
    (x - 0.5) * Math.log(x) -
    x +
    0.5 * Math.log(2 * Math.PI) +
    1 / (12 * x) -
    1 / (360 * x ** 3) +
    1 / (1260 * x ** 5)
  );
}

/** Riemann's zeta function by Euler and Maclaurin. */
function zeta(s: number): number {
  const n = 20;
  let sum = 0;
  for (let k = 1; k < n; k += 1) sum += k ** -s;
  return (
    sum +
    n ** (1 - s) / (s - 1) +
    n ** -s / 2 +
    (s * n ** (-s - 1)) / 12 -
    (s * (s + 1) * (s + 2) * n ** (-s - 3)) / 720
  );
}
