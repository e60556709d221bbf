import { logMean } from './log-space.ts';

/**
 * By how much the odds of landing in the gray arm may be off, as alternatives to the expected
 * share.
 */
const shifts: readonly number[] = [0.5, 0.8, 0.9, 1.1, 1.25, 2];

/**
 * Error probability of the sample-ratio check: far below alpha, since it speaks about the
 * assignment, not the release.
 */
export const sampleRatioAlpha = 0.001;

/** ln of each alternative's likelihood ratio after no look. */
export function newSampleRatio(): number[] {
  return shifts.map(() => 0);
}

/**
 * Adds one look's assignments, of which the share `expected` should be gray. Valid at every look,
 * also if the expected share changes on the way.
 */
export function addAssignments(ratios: number[], gray: number, control: number, expected: number): number[] {
  return ratios.map((log, index) => {
    const shift = shifts[index] ?? 1;
    const all = shift * expected + 1 - expected;
    return log + gray * Math.log(shift / all) - control * Math.log(all);
  });
}

/** ln of the e-value against "units are assigned as expected". */
export function sampleRatioEvidence(ratios: readonly number[]): number {
  return logMean(ratios);
}
