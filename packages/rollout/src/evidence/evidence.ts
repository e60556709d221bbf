import { RolloutError } from '../rollout-error.ts';
import type { Calibration } from '../statistics/calibration.ts';
import { copyProcesses, newProcesses, type Processes } from '../statistics/e-process.ts';
import { sizeOf, type Boundaries } from '../statistics/exceedances.ts';
import { newSampleRatio } from '../statistics/sample-ratio.ts';
import { newSeries, type Series } from '../statistics/series.ts';
import { copyTally, newTally, type Tally } from './tally.ts';

/**
 * The guard's state of a release: plain JSON of constant size, however many looks it has seen. Its
 * fields are the guard's own and may change with `version`; store it and pass it to `judge` again.
 */
export interface Evidence {
  /** The version of this format. */
  version: 1;
  /** The `revision` of the criteria that the evidence is for. Absent if they have none. */
  revision?: string;
  /** The `members` of the looks that calibrated. Absent if the looks have none. */
  members?: string;
  /** The SLIs that count, where the criteria do not name them. */
  names?: string[];
  /** When the newest look ended, in ms since 1970. */
  at?: number;
  /** Looks at the release, A/A looks not included. */
  looks: number;
  /** The A/A looks that are used. Absent without them. */
  calibrated?: CalibrationSpan;
  /** The state of the test of assignment. */
  sampleRatio: number[];
  /** The units assigned so far, and how many of them should be gray. */
  assigned?: { gray: number; control: number; expectedGray: number };
  /** The effective number of units so far. Absent if the looks do not have it. */
  units?: { gray: number; control: number };
  /** The evidence of each SLI, by its name. */
  slis: Record<string, SliEvidence>;
}

/** When the A/A looks were, and how many looks at a release have used them. */
export interface CalibrationSpan {
  looks: number;
  from: number;
  to: number;
  used: number;
}

/** The evidence of one SLI. */
export interface SliEvidence {
  boundaries: Boundaries;
  /** 1 where a look did not resolve a boundary: its evidence stands still from then on. */
  dropped: number[];
  processes: Processes;
  /** The difference between the arms, look by look. */
  differences: Differences;
  /**
   * The same without the newest looks: as it was when each of the windows of recent counts began.
   */
  earlier: [Differences, Differences];
  /** The difference wandered when the robust test rejected: users and tenants only pause. */
  wanders?: true;
  /** Since the release began, and over the newest 20 to 40 looks in two windows. */
  tally: Tally;
  recent: [Tally, Tally];
  calibration?: Calibration;
  /** The margins from the calibration, once a look at the release has used it. */
  margins?: Margins;
  /**
   * By instance of the gray arm: requests, and requests above each boundary; older looks count
   * less.
   */
  instances: Record<string, number[]>;
}

/** How the difference between the arms goes on from look to look. */
export interface Differences {
  /** The mean difference over the boundaries. */
  series: Series;
  /** The same as the robust test bets on it. */
  signs: Series;
  /** The sum of the variances that independent requests would have. */
  noise: number;
}

export function newDifferences(): Differences {
  return { series: newSeries(), signs: newSeries(), noise: 0 };
}

export function copyDifferences({ series, signs, noise }: Differences): Differences {
  return { series: { ...series }, signs: { ...signs }, noise };
}

/** By boundary; see `Margin`. */
export interface Margins {
  difference: number[];
  high: number[];
  low: number[];
  dispersion: number[];
  /**
   * Scores, in standard deviations, against a difference that stands still, and against independent
   * requests.
   */
  drift: number;
  overdispersion: number;
}

export function newEvidence(): Evidence {
  return { version: 1, looks: 0, sampleRatio: newSampleRatio(), slis: {} };
}

export function newSliEvidence(boundaries: Boundaries): SliEvidence {
  const size = sizeOf(boundaries);
  return {
    boundaries,
    dropped: Array.from({ length: size }, () => 0),
    processes: newProcesses(size),
    differences: newDifferences(),
    earlier: [newDifferences(), newDifferences()],
    tally: newTally(size),
    recent: [newTally(size), newTally(size)],
    instances: {},
  };
}

/** The evidence of one SLI, which may have the name of a property that each object inherits. */
export function sliOf(evidence: Evidence, name: string): SliEvidence | undefined {
  return Object.hasOwn(evidence.slis, name) ? evidence.slis[name] : undefined;
}

/** A copy to write to: `judge` never changes its arguments. */
export function copyEvidence(from: Evidence): Evidence {
  if (from.version !== 1) {
    throw new RolloutError(
      'invalid_evidence',
      `evidence.version is ${JSON.stringify(from.version)}, not 1: begin anew with undefined`,
    );
  }
  const slis: Record<string, SliEvidence> = {};
  for (const [name, sli] of Object.entries(from.slis)) slis[name] = copySli(sli);
  const copy: Evidence = { ...from, sampleRatio: from.sampleRatio.slice(), slis };
  if (from.calibrated) copy.calibrated = { ...from.calibrated };
  return copy;
}

/** Begins a release again: the calibration of the arms on the same code stays. */
export function resetRelease(evidence: Evidence): void {
  evidence.looks = 0;
  evidence.sampleRatio = newSampleRatio();
  delete evidence.assigned;
  // Without a calibration nothing ties an SLI to its boundaries: the next look may have other
  // buckets.
  evidence.slis = Object.fromEntries(
    Object.entries(evidence.slis).flatMap(([name, { boundaries, calibration }]) =>
      calibration ? [[name, { ...newSliEvidence(boundaries), calibration }]] : [],
    ),
  );
}

/** Forgets the A/A looks: other members follow, or a new calibration. */
export function resetCalibration(evidence: Evidence): void {
  delete evidence.calibrated;
  for (const sli of Object.values(evidence.slis)) {
    delete sli.calibration;
    delete sli.margins;
  }
}

/**
 * Of a calibration only `judge` of an A/A look makes a copy: looks at a release do not change it.
 */
function copySli(from: SliEvidence): SliEvidence {
  return {
    ...from,
    dropped: from.dropped.slice(),
    processes: copyProcesses(from.processes),
    differences: copyDifferences(from.differences),
    earlier: [...from.earlier],
    tally: copyTally(from.tally),
    recent: [copyTally(from.recent[0]), copyTally(from.recent[1])],
    instances: { ...from.instances },
  };
}
