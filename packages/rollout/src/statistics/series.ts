import type { Exceedances } from './exceedances.ts';

/** Sums over a series of numbers, one a look, that show whether its values depend on each other. */
export interface Series {
  length: number;
  first: number;
  last: number;
  sum: number;
  squares: number;
  /** Of the products of neighbours, and of each value with its index, which starts at 1. */
  lagged: number;
  timed: number;
  /** Of the squares of the means of blocks of ten, and of the block that is being filled. */
  blockSquares: number;
  block: number;
}

/** Looks in a block. */
export const blockLength = 10;

export function newSeries(): Series {
  return { length: 0, first: 0, last: 0, sum: 0, squares: 0, lagged: 0, timed: 0, blockSquares: 0, block: 0 };
}

export function addToSeries(series: Series, value: number): void {
  series.length += 1;
  if (series.length === 1) series.first = value;
  else series.lagged += value * series.last;
  series.last = value;
  series.sum += value;
  series.squares += value * value;
  series.timed += value * series.length;
  series.block += value;
  if (series.length % blockLength !== 0) return;
  series.blockSquares += (series.block / blockLength) ** 2;
  series.block = 0;
}

/**
 * The mean over the boundaries of the difference of shares, gray minus control: how much slower
 * gray is, in buckets.
 */
export function meanDifference(gray: Exceedances, control: Exceedances): number {
  let [sum, resolved] = [0, 0];
  for (let j = 0; j < gray.above.length; j += 1) {
    const difference = (gray.above[j] ?? 0) / gray.total - (control.above[j] ?? 0) / control.total;
    if (Number.isNaN(difference)) continue;
    sum += difference;
    resolved += 1;
  }
  return resolved === 0 ? 0 : sum / resolved;
}

/**
 * The variance that {@link meanDifference} has where requests are independent and both arms have
 * the same distribution, that of all requests of the look.
 */
export function samplingVariance(gray: Exceedances, control: Exceedances): number {
  const all = gray.total + control.total;
  let [resolved, mean, square] = [0, 0, 0];
  for (let j = 0; j < gray.above.length; j += 1) {
    const above = (gray.above[j] ?? 0) + (control.above[j] ?? 0);
    if (Number.isNaN(above)) continue;
    // The number of boundaries that a request exceeds: its mean, and the mean of its square.
    mean += above / all;
    square += (2 * resolved + 1) * (above / all);
    resolved += 1;
  }
  if (resolved === 0) return 0;
  return ((square - mean * mean) * (1 / gray.total + 1 / control.total)) / resolved ** 2;
}

/** The difference in its sampling deviations, as the robust test bets on it: from -1 to 1. */
export function signOf(difference: number, variance: number): number {
  return variance > 0 ? Math.tanh(difference / Math.sqrt(variance) / 2) : 0;
}

/** The variance of {@link signOf} where requests are independent: that of tanh(Z / 2). */
export const signVariance = 0.1735;

/** The values of a series from the last one of an earlier state on; without trend and blocks. */
export function seriesSince(now: Series, then: Series): Series {
  return {
    ...newSeries(),
    length: now.length - then.length + 1,
    first: then.last,
    last: now.last,
    sum: now.sum - then.sum + then.last,
    squares: now.squares - then.squares + then.last ** 2,
    lagged: now.lagged - then.lagged,
  };
}

/** The mean of a series in deviations of its values. */
export function steadiness({ sum, squares, length }: Series): number {
  return sum / length / Math.sqrt(varianceOf(sum, squares, length));
}

/** The variance of a series as a part of another variance, at most 1. */
export function shareOf(variance: number, { sum, squares, length }: Series): number {
  return variance > 0 ? Math.min(1, varianceOf(sum, squares, length) / variance) : 1;
}

/** The correlation of neighbouring values; 0 where there are too few. */
export function correlation(series: Series): number {
  const { length, first, last, lagged, sum } = series;
  const variance = varianceOf(sum, series.squares, length);
  if (length < 4 || !(variance > (rounding * series.squares) / length)) return 0;
  const mean = sum / length;
  const covariance = lagged - mean * (2 * sum - first - last) + (length - 1) * mean * mean;
  // The mean was estimated, which biases the correlation by -1/length.
  return covariance / ((length - 1) * variance) + 1 / length;
}

/**
 * How strongly a series speaks against values that are drawn anew around one mean, in standard
 * deviations: the greatest of the correlation of neighbours, the trend, and the variance of means
 * of ten over that of single values.
 */
export function drift(series: Series): number {
  const { length, sum, squares, timed, blockSquares } = series;
  const variance = varianceOf(sum, squares, length);
  if (length < 2 * blockLength || !(variance > (rounding * squares) / length)) return 0;
  const trend = timed - (sum * (length + 1)) / 2;
  const spread = Math.sqrt((variance * length * (length * length - 1)) / 12);
  const blocks = Math.floor(length / blockLength);
  const ofBlocks = varianceOf(sum - series.block, blockSquares * blockLength ** 2, blocks) / blockLength ** 2;
  return Math.max(
    correlation(series) * Math.sqrt(length),
    Math.abs(trend) / spread,
    chiSquareScore((blockLength * ofBlocks) / variance, blocks - 1),
  );
}

/** Forgets half of the series, and any trend; called at the end of a block. */
export function halveSeries(series: Series): void {
  for (const key of ['length', 'sum', 'squares', 'lagged', 'blockSquares'] as const) series[key] /= 2;
  series.timed = (series.sum * (series.length + 1)) / 2;
}

/** The unbiased variance of `count` values. */
export function varianceOf(sum: number, squares: number, count: number): number {
  return count < 2 ? 0 : Math.max(0, (squares - (sum * sum) / count) / (count - 1));
}

/**
 * Wilson and Hilferty: the cube root of a chi-square variable over its degrees of freedom is close
 * to normal.
 */
export function chiSquareScore(ratio: number, degrees: number): number {
  if (degrees < 1) return 0;
  const spread = 2 / (9 * degrees);
  return (Math.cbrt(ratio) - 1 + spread) / Math.sqrt(spread);
}

/** A variance below this part of the mean square is a rounding error of equal values. */
const rounding = 1e-10;
