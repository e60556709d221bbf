import type { Criteria } from '../criteria.ts';
import { drift } from '../statistics/series.ts';
import { sliOf, type Evidence } from './evidence.ts';
import { driftLimit, leastLooks, suspicion, validity } from './margins.ts';

/**
 * The worth of stored A/A looks for a release that begins: `none`, too few or not of all SLIs;
 * `drifts`, the difference between the arms does not stand still; `expired`; `valid`;
 * `independent`, requests whose differences show no autocorrelation, which need no newer looks.
 */
export type CalibrationWorth = 'none' | 'drifts' | 'expired' | 'valid' | 'independent';

/** Assesses the A/A looks in some evidence at a time, in ms since 1970. */
export function assessCalibration(
  evidence: Evidence,
  { unit, slis = [] }: Pick<Criteria, 'unit' | 'slis'>,
  now: number,
): CalibrationWorth {
  const span = evidence.calibrated;
  const calibrations = slis.map((name) => sliOf(evidence, name)?.calibration);
  const known = calibrations.filter((one) => one !== undefined && one.looks >= leastLooks);
  if (span === undefined || known.length < slis.length || known.length === 0) return 'none';
  const most = Math.max(...known.map((one) => (one === undefined ? 0 : drift(one.series))));
  if (most > driftLimit) return 'drifts';
  if (unit === 'request' && most <= suspicion) return 'independent';
  const spacing = span.looks > 1 ? (span.to - span.from) / (span.looks - 1) : 0;
  const isOld = now > span.to + validity * span.looks * spacing || span.used > validity * span.looks;
  return isOld ? 'expired' : 'valid';
}
