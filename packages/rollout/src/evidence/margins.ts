import type { CompleteCriteria } from '../criteria.ts';
import type { Measured } from '../statistics/exceedances.ts';
import {
  calibrate,
  copyCalibration,
  marginAt,
  newCalibration,
  overdispersion,
  type Calibration,
} from '../statistics/calibration.ts';
import { drift } from '../statistics/series.ts';
import { sliOf, type Evidence, type Margins, type SliEvidence } from './evidence.ts';

/** Fewer A/A looks calibrate nothing: two blocks of ten are the least that can show a drift. */
export const leastLooks = 20;
/** A/A looks are valid for this many times their own number of looks, and of their own time. */
export const validity = 4;
/**
 * Above this score the difference between the arms drifts: tests only pause. One in 40 standing
 * differences reaches it.
 */
export const driftLimit = 2.5;
/**
 * From these scores on requests are treated like users: their A/A looks are bursty, or vary more
 * than by chance.
 */
export const suspicion = 1.5;

/** Adds one A/A look to the calibration of an SLI. */
export function addCalibrationLook(sli: SliEvidence, { gray, control }: Measured): void {
  sli.calibration = sli.calibration ? copyCalibration(sli.calibration) : newCalibration(sli.dropped.length);
  calibrate(sli.calibration, gray, control);
}

/**
 * The margins at all boundaries. Half of `alpha` pays for them, over both sides of all boundaries
 * of all SLIs.
 */
export function releaseMargins(calibration: Calibration, alpha: number, slis: number): Margins | undefined {
  if (calibration.looks < leastLooks) return undefined;
  const boundaries = calibration.sum.length;
  const tail = alpha / 2 / boundaries / slis;
  const all = Array.from({ length: boundaries }, (_, j) => marginAt(calibration, j, tail));
  return {
    difference: all.map(({ difference }) => difference),
    high: all.map(({ high }) => high),
    low: all.map(({ low }) => low),
    dispersion: all.map(({ dispersion }) => dispersion),
    drift: drift(calibration.series),
    overdispersion: overdispersion(calibration),
  };
}

/**
 * The tests that need the margins of a calibration. The arms of independent requests do not differ,
 * so these need none; a weak sign of bursts is enough for the tests that stop a release, a strong
 * one is needed for the one that promotes.
 */
export function usesMargins(
  { margins }: SliEvidence,
  unit: CompleteCriteria['unit'],
): Readonly<Record<'fast' | 'robust' | 'reverse', boolean>> {
  if (margins === undefined) return { fast: false, robust: false, reverse: false };
  const sticky = unit !== 'request';
  const robust = sticky || margins.drift > suspicion;
  return {
    robust,
    fast: robust || margins.overdispersion > suspicion,
    reverse: sticky || margins.drift > driftLimit,
  };
}

/** The worth of A/A looks. */
export interface CalibrationState {
  readonly state: 'none' | 'valid' | 'expired' | 'drifts';
  /** Some test uses margins, so half of alpha is spent on them. */
  readonly spends: boolean;
  /** The robust test of some SLI does: the units are sticky, or the requests bursty. */
  readonly dependent: boolean;
  readonly looks: number;
  readonly validUntil: number;
}

/** The state of the calibration by the A/A looks in the evidence, now. */
export function calibrationOf(
  evidence: Evidence,
  names: readonly string[],
  criteria: CompleteCriteria,
): CalibrationState {
  const span = evidence.calibrated;
  const slis = names.flatMap((name) => sliOf(evidence, name) ?? []);
  const none = { state: 'none', spends: false, dependent: false } as const;
  if (span === undefined) return { ...none, looks: 0, validUntil: 0 };
  const { looks } = span;
  const spacing = looks > 1 ? (span.to - span.from) / (looks - 1) : 0;
  const validUntil = span.to + validity * looks * spacing;
  const complete = slis.length === names.length && slis.every((sli) => sli.margins !== undefined);
  if (!complete) return { ...none, looks, validUntil };
  const drifts = slis.some((sli) => (sli.margins?.drift ?? 0) > driftLimit);
  const uses = slis.map((sli) => usesMargins(sli, criteria.unit));
  const dependent = uses.some(({ robust }) => robust);
  const spends = dependent || uses.some(({ fast }) => fast);
  const expired = span.used > validity * looks || (evidence.at ?? 0) > validUntil;
  return {
    state: drifts ? 'drifts' : expired ? 'expired' : 'valid',
    spends,
    dependent,
    looks,
    validUntil,
  };
}
