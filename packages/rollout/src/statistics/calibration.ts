import type { Exceedances } from './exceedances.ts';
import { differenceAbove, logOddsRatio, normalQuantile } from './intervals.ts';
import {
  addToSeries,
  blockLength,
  chiSquareScore,
  halveSeries,
  meanDifference,
  newSeries,
  varianceOf,
  type Series,
} from './series.ts';

/**
 * How two arms differ on the same code: sums over A/A looks of one SLI. Arrays have one element per
 * boundary.
 */
export interface Calibration {
  looks: number;
  gray: number;
  control: number;
  grayAbove: number[];
  controlAbove: number[];
  /** Of the differences D of the arms' shares, and of their squares. */
  sum: number[];
  squares: number[];
  /**
   * The same of the means of blocks of ten looks; `block` is the sum of the block that is being
   * filled.
   */
  blocks: number;
  block: number[];
  blockSum: number[];
  blockSquares: number[];
  /** The mean of D over the boundaries, look by look: shows whether the difference stands still. */
  series: Series;
}

/**
 * So many looks are kept at full weight; then all sums are halved, so that recent looks count more.
 */
const longest = 960;

export function newCalibration(boundaries: number): Calibration {
  const zeros = (): number[] => Array.from({ length: boundaries }, () => 0);
  return {
    looks: 0,
    gray: 0,
    control: 0,
    grayAbove: zeros(),
    controlAbove: zeros(),
    sum: zeros(),
    squares: zeros(),
    blocks: 0,
    block: zeros(),
    blockSum: zeros(),
    blockSquares: zeros(),
    series: newSeries(),
  };
}

export function copyCalibration(from: Calibration): Calibration {
  return {
    ...from,
    grayAbove: from.grayAbove.slice(),
    controlAbove: from.controlAbove.slice(),
    sum: from.sum.slice(),
    squares: from.squares.slice(),
    block: from.block.slice(),
    blockSum: from.blockSum.slice(),
    blockSquares: from.blockSquares.slice(),
    series: { ...from.series },
  };
}

/**
 * Adds an A/A look. Boundaries that it does not resolve (NaN) count as without a difference and
 * without exceedances.
 */
export function calibrate(calibration: Calibration, gray: Exceedances, control: Exceedances): void {
  if (calibration.looks >= longest) halve(calibration);
  calibration.looks += 1;
  calibration.gray += gray.total;
  calibration.control += control.total;
  const blockEnds = calibration.looks % blockLength === 0;
  for (let j = 0; j < calibration.sum.length; j += 1) {
    const [one, other] = [gray.above[j] ?? 0, control.above[j] ?? 0];
    if (Number.isNaN(one + other)) continue;
    const difference = one / gray.total - other / control.total;
    (calibration.grayAbove[j] as number) += one;
    (calibration.controlAbove[j] as number) += other;
    (calibration.sum[j] as number) += difference;
    (calibration.squares[j] as number) += difference * difference;
    const block = (calibration.block[j] as number) + difference;
    calibration.block[j] = blockEnds ? 0 : block;
    if (!blockEnds) continue;
    (calibration.blockSum[j] as number) += block / blockLength;
    (calibration.blockSquares[j] as number) += (block / blockLength) ** 2;
  }
  addToSeries(calibration.series, meanDifference(gray, control));
  if (blockEnds) calibration.blocks += 1;
}

/** The result of calibration at one boundary. */
export interface Margin {
  /** Upper bound, at least 0, of the arms' own difference of shares. */
  readonly difference: number;
  /**
   * Upper bound, at least 0, and lower bound, at most 0, of the logarithm of their own odds ratio.
   */
  readonly high: number;
  readonly low: number;
  /**
   * The deviation of D per look, as a multiple of what independent requests would have; at least 1.
   */
  readonly dispersion: number;
}

/**
 * The bounds at one boundary, each with error probability `tail`. The score bounds take requests
 * for independent, so their width is multiplied by the root of how much more the mean of D varies:
 * by its variance over looks, plus what means of ten looks vary beyond that.
 */
export function marginAt(calibration: Calibration, j: number, tail: number): Margin {
  const { looks, blocks } = calibration;
  const gray = { bad: calibration.grayAbove[j] ?? 0, total: calibration.gray };
  const control = { bad: calibration.controlAbove[j] ?? 0, total: calibration.control };
  const [p, q] = [gray.bad / gray.total, control.bad / control.total];
  const binomial = (p * (1 - p)) / gray.total + (q * (1 - q)) / control.total;
  const variance = varianceOf(calibration.sum[j] ?? 0, calibration.squares[j] ?? 0, looks);
  const ofBlocks = varianceOf(calibration.blockSum[j] ?? 0, calibration.blockSquares[j] ?? 0, blocks);
  const excess = Math.max(0, ofBlocks - variance / blockLength);
  const inflation = binomial > 0 ? Math.max(1, (variance / looks + excess) / binomial) : 1;
  const z = normalQuantile(tail) * Math.sqrt(inflation);
  const odds = logOddsRatio(gray, control, z);
  return {
    difference: Math.max(0, differenceAbove(gray, control, z)),
    high: Math.max(0, odds.high),
    low: Math.min(0, odds.low),
    dispersion: binomial > 0 ? Math.sqrt(Math.max(1, variance / looks / binomial)) : 1,
  };
}

/**
 * How strongly the A/A looks speak against independent requests, in standard deviations: the
 * greatest score of the variance of D over its binomial variance, of the boundaries that enough
 * requests exceed.
 */
export function overdispersion(calibration: Calibration): number {
  const { looks, gray, control } = calibration;
  let greatest = 0;
  for (let j = 0; j < calibration.sum.length; j += 1) {
    const share = ((calibration.grayAbove[j] ?? 0) + (calibration.controlAbove[j] ?? 0)) / (gray + control);
    if (Math.min(share, 1 - share) * (gray + control) < 100) continue;
    const binomial = share * (1 - share) * looks * (1 / gray + 1 / control);
    const variance = varianceOf(calibration.sum[j] ?? 0, calibration.squares[j] ?? 0, looks);
    greatest = Math.max(greatest, chiSquareScore(variance / binomial, looks - 1));
  }
  return greatest;
}

/** Forgets half of every look; called at the end of a block. */
function halve(calibration: Calibration): void {
  for (const key of ['looks', 'gray', 'control', 'blocks'] as const) calibration[key] /= 2;
  for (const key of ['grayAbove', 'controlAbove', 'sum', 'squares', 'blockSum', 'blockSquares'] as const) {
    calibration[key] = calibration[key].map((value) => value / 2);
  }
  halveSeries(calibration.series);
}
