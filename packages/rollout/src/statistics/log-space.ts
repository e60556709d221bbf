/** ln(e^x + e^y), without leaving the range of a double. */
export function logAdd(x: number, y: number): number {
  return x > y ? x + Math.log1p(Math.exp(y - x)) : y + Math.log1p(Math.exp(x - y));
}

/** ln of the mean of e^x over `values`; the values must be finite and at least one. */
export function logMean(values: readonly number[]): number {
  let top = values[0] ?? 0;
  for (const value of values) if (value > top) top = value;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - top);
  return top + Math.log(sum / values.length);
}

/**
 * ln of the binomial probability of `k` successes in `n` trials, each of probability `p` (`q` = 1 -
 * p), by Loader's saddle-point expansion: the relative error stays near 1e-15 up to 10^15 trials,
 * where a difference of log-gammas has lost nine digits at 10^9.
 */
export function lnBinomial(k: number, n: number, p: number, q: number): number {
  if (k < 0 || k > n) return -Infinity;
  if (k === 0) return n === 0 ? 0 : p < 0.1 ? -deviance(n, n * q) - n * p : n * Math.log(q);
  if (k === n) return q < 0.1 ? -deviance(n, n * p) - n * q : n * Math.log(p);
  const core =
    stirlingError(n) - stirlingError(k) - stirlingError(n - k) - deviance(k, n * p) - deviance(n - k, n * q);
  return core + 0.5 * Math.log(n / (2 * Math.PI * k * (n - k)));
}

/** ln n! - (n + 1/2) ln n + n - ln(2 pi)/2. */
function stirlingError(n: number): number {
  if (n < exact.length) return exact[n] ?? 0;
  const square = n * n;
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n;
}

/** x ln(x/mean) + mean - x, without cancellation where x is close to the mean. */
function deviance(x: number, mean: number): number {
  if (Math.abs(x - mean) >= 0.1 * (x + mean)) return x * Math.log(x / mean) + mean - x;
  const ratio = (x - mean) / (x + mean);
  let sum = (x - mean) * ratio;
  let term = 2 * x * ratio;
  for (let odd = 3; odd < 1000; odd += 2) {
    term *= ratio * ratio;
    const next = sum + term / odd;
    if (next === sum) break;
    sum = next;
  }
  return sum;
}

/** Below 16 the series of `stirlingError` has not converged: take its definition. */
const exact: readonly number[] = Array.from({ length: 16 }, (_, n) => {
  if (n === 0) return 0;
  let factorial = 1;
  for (let k = 2; k <= n; k += 1) factorial *= k;
  return Math.log(factorial) - (n + 0.5) * Math.log(n) + n - 0.5 * Math.log(2 * Math.PI);
});
