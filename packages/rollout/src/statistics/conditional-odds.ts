import { lnBinomial } from './log-space.ts';

/**
 * One 2x2 table: `bad` of `total` requests in each arm. Given the margins of the table, the gray
 * arm's bad requests follow Fisher's noncentral hypergeometric distribution, which depends on the
 * odds ratio of the arms alone: the base rate, and so its drift over the day, drops out.
 */
export interface Table {
  readonly gray: number;
  readonly control: number;
  /** Bad requests of the gray arm. */
  readonly grayBad: number;
  /** Bad requests of the control arm. */
  readonly controlBad: number;
}

/**
 * Writes ln P(grayBad | margins of the table, odds ratio) for each of the `odds` to `into`. Exact
 * up to rounding for tables of up to 10^9 requests.
 */
export function logLikelihoods(table: Table, odds: Float64Array, into: Float64Array): void {
  const bad = table.grayBad + table.controlBad;
  const free = Math.min(table.gray, bad) - Math.max(0, bad - table.control);
  if (free === 0) into.fill(0);
  else if (free > walkable || !walk(table, odds, into)) {
    for (let index = 0; index < odds.length; index += 1) {
      into[index] = logLikelihood(table, odds[index] ?? 1);
    }
  }
}

/** Supports of up to this many values are summed from the observed value on. */
const walkable = 3000;
const negligible = 1e-17;
const huge = 1e280;

/**
 * Ratios of neighbouring terms at odds 1, above and below the observed value; all odds share them.
 */
const [above, below] = [new Float64Array(walkable), new Float64Array(walkable)];

/**
 * 1/P is the sum of the weights of all values relative to the observed one. Walks up and down from
 * it by the ratio of neighbouring terms. False where a sum leaves the range of a double.
 */
function walk(table: Table, odds: Float64Array, into: Float64Array): boolean {
  const { gray, control, grayBad, controlBad } = table;
  const bad = grayBad + controlBad;
  const spare = control - bad;
  const up = Math.min(gray, bad) - grayBad;
  const down = grayBad - Math.max(0, -spare);
  let [knownAbove, knownBelow] = [0, 0];
  for (let index = 0; index < odds.length; index += 1) {
    const value = odds[index] as number;
    let [sum, term] = [1, 1];
    for (let i = 0; i < up; i += 1) {
      if (i === knownAbove) {
        const k = grayBad + i;
        above[i] = ((gray - k) * (bad - k)) / ((k + 1) * (spare + k + 1));
        knownAbove += 1;
      }
      const ratio = (above[i] as number) * value;
      term *= ratio;
      sum += term;
      if (ratio < 1 && term < negligible * sum) break;
    }
    term = 1;
    for (let i = 0; i < down; i += 1) {
      if (i === knownBelow) {
        const k = grayBad - i;
        below[i] = (k * (spare + k)) / ((gray - k + 1) * (bad - k + 1));
        knownBelow += 1;
      }
      const ratio = (below[i] as number) / value;
      term *= ratio;
      sum += term;
      if (ratio < 1 && term < negligible * sum) break;
    }
    if (!(sum < huge)) return false;
    into[index] = -Math.log(sum);
  }
  return true;
}

/**
 * The same for one odds ratio and any size. Two binomial distributions whose odds differ by the
 * ratio and whose means add up to the bad requests give the weights; both are close to their means
 * at the mode, where Loader's expansion is most exact.
 */
function logLikelihood(table: Table, odds: number): number {
  const { gray, control, grayBad, controlBad } = table;
  const bad = grayBad + controlBad;
  const b = odds * (gray + bad) + control - bad;
  const c = odds * gray * bad;
  const mode = (2 * c) / (b + Math.sqrt(b * b - 4 * (odds - 1) * c));
  const [p, r] = [mode / gray, (bad - mode) / control];
  const [q, s] = [(gray - mode) / gray, (control - bad + mode) / control];
  const weight = (k: number): number => lnBinomial(k, gray, p, q) + lnBinomial(bad - k, control, r, s);
  const deviation =
    1 /
    Math.sqrt(
      1 / (mode + 0.5) + 1 / (gray - mode + 0.5) + 1 / (bad - mode + 0.5) + 1 / (control - bad + mode + 0.5),
    );
  return weight(grayBad) - logSum(weight, mode, deviation, Math.max(0, bad - control), Math.min(gray, bad));
}

/**
 * ln of the sum of e^weight(k) for k from `low` to `high`. Above a deviation of 20 every h-th term
 * times h: the generating polynomial has only real roots, so for h up to .63 deviations the error
 * is below 1e-16.
 */
function logSum(
  weight: (k: number) => number,
  mode: number,
  deviation: number,
  low: number,
  high: number,
): number {
  const step = deviation > 20 ? Math.floor(deviation / 2) : 1;
  const start = Math.min(high, Math.max(low, Math.round(mode)));
  const top = weight(start);
  let sum = 1;
  for (let k = start + step; k <= high; k += step) {
    const term = Math.exp(weight(k) - top);
    sum += term;
    if (term < negligible) break;
  }
  for (let k = start - step; k >= low; k -= step) {
    const term = Math.exp(weight(k) - top);
    sum += term;
    if (term < negligible) break;
  }
  return top + Math.log(sum * step);
}
