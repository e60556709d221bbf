import type { Table } from './conditional-odds.ts';
import { lnBinomial } from './log-space.ts';

/**
 * How sharply each bet follows the difference, per unit of its standard deviation; each three times
 * the one before.
 */
export const sharpness: readonly number[] = [0.5, 1.5];

/**
 * The factors of the robust e-process for one look and one table: 1 + tanh(sharpness * (D - margin)
 * / deviation), where D is the share of bad requests in the gray arm minus that in the control arm.
 *
 * Why each factor has a mean of at most 1 on the same code: if the arms are exchangeable up to an
 * own difference of at most `margin` >= 0, then D = own + noise with noise symmetric about 0, and
 * tanh is odd and increasing. No independence of the requests within a look is needed, and
 * `deviation` may be any positive number that earlier looks determine.
 *
 * Arms of different size are not exchangeable: the larger one is thinned to the size of the smaller
 * one. Instead of one random draw, the factor is averaged over all draws (hypergeometric), so that
 * the verdict stays deterministic.
 */
export function signFactors(table: Table, margin: number, deviation: number, into: Float64Array): void {
  const { gray, control, grayBad, controlBad } = table;
  into.fill(0);
  const scale = (sharpness[0] ?? 1) / deviation;
  let sum = 1;
  if (gray === control) {
    accumulate(scale * ((grayBad - controlBad) / gray - margin), 1, into);
  } else if (gray < control) {
    const fixed = grayBad / gray - margin;
    sum = thin(controlBad, control, gray, (bad, weight) =>
      accumulate(scale * (fixed - bad / gray), weight, into),
    );
  } else {
    const fixed = controlBad / control + margin;
    sum = thin(grayBad, gray, control, (bad, weight) =>
      accumulate(scale * (bad / control - fixed), weight, into),
    );
  }
  for (let index = 0; index < into.length; index += 1) {
    into[index] = Math.max(least, 1 + (into[index] ?? 0) / sum);
  }
}

/** A factor of zero would end its bet for good, and its logarithm is not finite. */
const least = 1e-12;

/** tanh(3x) = (3t + t^3) / (1 + 3t^2) with t = tanh(x), so one tanh serves all bets. */
function accumulate(argument: number, share: number, into: Float64Array): void {
  let value = Math.tanh(argument);
  for (let index = 0; index < into.length; index += 1) {
    (into[index] as number) += share * value;
    const square = value * value;
    value = (value * (3 + square)) / (1 + 3 * square);
  }
}

/**
 * Visits the numbers of bad requests that a sample of `draws` of `total` requests may have when
 * `bad` of them are bad, with weights in proportion to their probabilities, and returns the sum of
 * the weights. Of a wide distribution every fifth of a deviation is visited, which changes the
 * average by less than 1e-12.
 */
function thin(
  bad: number,
  total: number,
  draws: number,
  visit: (bad: number, weight: number) => void,
): number {
  const good = total - bad;
  const [low, high] = [Math.max(0, draws - good), Math.min(bad, draws)];
  const [taken, left] = [draws / total, 1 - draws / total];
  const deviation = Math.sqrt(taken * left * bad * (good / total));
  const step = Math.max(1, Math.floor(deviation / 5));
  const start = Math.min(high, Math.max(low, Math.round(taken * bad)));
  const weight = (k: number): number =>
    lnBinomial(k, bad, taken, left) + lnBinomial(draws - k, good, taken, left);
  const top = step > 1 ? weight(start) : 0;
  visit(start, 1);
  let sum = 1;
  let term = 1;
  for (let k = start + step; k <= high && term > negligible; k += step) {
    term = step > 1 ? Math.exp(weight(k) - top) : term * up(k - 1, bad, good, draws);
    visit(k, term);
    sum += term;
  }
  term = 1;
  for (let k = start - step; k >= low && term > negligible; k -= step) {
    term = step > 1 ? Math.exp(weight(k) - top) : term / up(k, bad, good, draws);
    visit(k, term);
    sum += term;
  }
  return sum;
}

const negligible = 1e-16;

/** P(k + 1) / P(k) of the hypergeometric distribution. */
function up(k: number, bad: number, good: number, draws: number): number {
  return ((bad - k) * (draws - k)) / ((k + 1) * (good - draws + k + 1));
}
