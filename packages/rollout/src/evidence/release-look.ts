import type { CompleteCriteria } from '../criteria.ts';
import { addLook, type Bet } from '../statistics/e-process.ts';
import type { Measured } from '../statistics/exceedances.ts';
import { addToSeries, meanDifference, samplingVariance, signOf } from '../statistics/series.ts';
import { copyDifferences, newDifferences, type SliEvidence } from './evidence.ts';
import { usesMargins } from './margins.ts';
import { addToTally, newTally } from './tally.ts';

/** Looks in each of the two windows of recent counts. */
const window = 20;

/** Adds one look at the release to the evidence of one SLI. */
export function addReleaseLook(
  sli: SliEvidence,
  at: number,
  { gray, control }: Measured,
  criteria: CompleteCriteria,
): void {
  const uses = usesMargins(sli, criteria.unit);
  addLook(sli.processes, (j): Bet | undefined => {
    const [grayBad, controlBad] = [gray.above[j] ?? Number.NaN, control.above[j] ?? Number.NaN];
    if (sli.dropped[j] === 1 || Number.isNaN(grayBad + controlBad)) {
      if (sli.dropped[j] === 0) dropBoundary(sli, j);
      return undefined;
    }
    const margins = sli.margins;
    const high = uses.fast ? (margins?.high[j] ?? 0) : 0;
    return {
      table: { gray: gray.total, control: control.total, grayBad, controlBad },
      odds: Math.max(criteria.margin, Math.exp(high)),
      difference: uses.robust ? (margins?.difference[j] ?? 0) : 0,
      deviation: deviationAt(sli, j, gray.total, control.total, grayBad + controlBad),
      excluded: criteria.promoteMargin * (uses.reverse ? Math.exp(margins?.low[j] ?? 0) : 1),
    };
  });
  if (sli.recent[1].looks === window) {
    sli.recent = [sli.recent[1], newTally(sli.dropped.length)];
    sli.earlier = [sli.earlier[1], copyDifferences(sli.differences)];
  }
  const { series, signs } = sli.differences;
  const [difference, variance] = [meanDifference(gray, control), samplingVariance(gray, control)];
  addToSeries(series, difference);
  addToSeries(signs, signOf(difference, variance));
  sli.differences.noise += variance;
  addToTally(sli.tally, at, gray, control);
  addToTally(sli.recent[1], at, gray, control);
}

/** The mean over fewer boundaries is another series: it begins anew. */
function dropBoundary(sli: SliEvidence, j: number): void {
  sli.dropped[j] = 1;
  sli.differences = newDifferences();
  sli.earlier = [newDifferences(), newDifferences()];
}

/**
 * The deviation of the difference of shares, from the share of bad requests in all looks before: a
 * look's own share would favour one sign where the arms differ by themselves. Only the first look
 * of all has no other.
 */
function deviationAt(sli: SliEvidence, j: number, gray: number, control: number, bad: number): number {
  const { tally, calibration, margins } = sli;
  let seen = tally.gray + tally.control + (calibration ? calibration.gray + calibration.control : 0);
  let above = (tally.grayAbove[j] ?? 0) + (tally.controlAbove[j] ?? 0);
  if (calibration) above += (calibration.grayAbove[j] ?? 0) + (calibration.controlAbove[j] ?? 0);
  if (seen === 0) [seen, above] = [gray + control, bad];
  const share = (above + 0.5) / (seen + 1);
  return Math.sqrt((share * (1 - share) * 2) / Math.min(gray, control)) * (margins?.dispersion[j] ?? 1);
}
