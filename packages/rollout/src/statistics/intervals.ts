/**
 * The z with P(Z > z) = `tail` of the standard normal distribution, for tails up to 1/2: a rational
 * approximation (Abramowitz and Stegun 26.2.23), then Newton's method.
 */
export function normalQuantile(tail: number): number {
  const t = Math.sqrt(-2 * Math.log(tail));
  let z =
    t -
    (2.515517 + 0.802853 * t + 0.010328 * t * t) /
      (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t);
  for (let round = 0; round < 3; round += 1) {
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    z += (normalTail(z) - tail) / density;
  }
  return z;
}

/**
 * P(Z > z) of the standard normal distribution: a power series below 3, a continued fraction above.
 */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  if (z < 3) {
    let [term, sum] = [z, z];
    for (let k = 1; k < 80; k += 1) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 - sum * (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI));
  }
  let fraction = 0;
  for (let k = 60; k > 0; k -= 1) fraction = k / (z + fraction);
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / (z + fraction);
}

/**
 * Wilson's score interval of a share of `bad` in `total`, `z` standard deviations wide to each
 * side.
 */
export function wilson(bad: number, total: number, z: number): { low: number; high: number } {
  const share = bad / total;
  const square = (z * z) / total;
  const centre = (share + square / 2) / (1 + square);
  const reach = (z * Math.sqrt((share * (1 - share)) / total + square / total / 4)) / (1 + square);
  return { low: Math.max(0, centre - reach), high: Math.min(1, centre + reach) };
}

/**
 * Upper bound of the difference of two shares, gray minus control: Newcombe's hybrid of two score
 * intervals.
 */
export function differenceAbove(gray: Share, control: Share, z: number): number {
  const high = wilson(gray.bad, gray.total, z).high;
  const low = wilson(control.bad, control.total, z).low;
  const [p, q] = [gray.bad / gray.total, control.bad / control.total];
  return p - q + Math.sqrt((high - p) ** 2 + (q - low) ** 2);
}

/**
 * Bounds of the logarithm of the odds ratio, gray over control, by the same hybrid on the scale of
 * log odds.
 */
export function logOddsRatio(gray: Share, control: Share, z: number): { low: number; high: number } {
  const [one, other] = [logOdds(gray, z), logOdds(control, z)];
  const middle = one.at - other.at;
  return {
    low: middle - Math.hypot(one.at - one.low, other.high - other.at),
    high: middle + Math.hypot(one.high - one.at, other.at - other.low),
  };
}

/** `bad` requests of `total`. */
export interface Share {
  readonly bad: number;
  readonly total: number;
}

function logOdds({ bad, total }: Share, z: number): { at: number; low: number; high: number } {
  // Half a request keeps the logarithm finite where no request, or each one, is bad.
  const at = Math.log((bad + 0.5) / (total - bad + 0.5));
  const { low, high } = wilson(bad, total, z);
  const least = 0.5 / (total + 1);
  return {
    at,
    low: Math.min(at, logit(Math.max(low, least / 100))),
    high: Math.max(at, logit(Math.min(high, 1 - least / 100))),
  };
}

function logit(share: number): number {
  return Math.log(share / (1 - share));
}
