import { faultOf } from './counts.ts';
import { completeCriteria, type CompleteCriteria, type Criteria } from './criteria.ts';
import {
  copyEvidence,
  newEvidence,
  newSliEvidence,
  resetCalibration,
  resetRelease,
  sliOf,
  type Evidence,
  type SliEvidence,
} from './evidence/evidence.ts';
import { countInstances } from './evidence/instances.ts';
import { addCalibrationLook, releaseMargins } from './evidence/margins.ts';
import { addReleaseLook } from './evidence/release-look.ts';
import { faultOfAssigned, type Arms, type Look } from './look.ts';
import { boundariesOf, exceedances, type Measured } from './statistics/exceedances.ts';
import { addAssignments } from './statistics/sample-ratio.ts';
import { ignored, verdictOn, type Question } from './verdict/decide.ts';
import { noteWandering } from './verdict/reasons.ts';
import { timeOf } from './verdict/sentences.ts';
import { totalsOf } from './verdict/totals.ts';
import type { Verdict } from './verdict/verdict.ts';

/**
 * Adds one look to the evidence and judges the release by it. Pure: the evidence that was given
 * stays as it is. A look costs the same however many were before. A faulty look never throws: it
 * holds, and the verdict gives the reason.
 * @param evidence the evidence that the last call returned; undefined to begin
 * @throws {RolloutError} if the criteria, or the version of the evidence, are not allowed
 */
export function judge(
  evidence: Evidence | undefined,
  look: Look,
  criteria: Criteria,
): { evidence: Evidence; verdict: Verdict } {
  const complete = completeCriteria(criteria);
  const next = evidence === undefined ? newEvidence() : copyEvidence(evidence);
  const stale = staleness(next, look);
  if (stale !== undefined) return { evidence: evidence ?? next, verdict: ignored(next, stale, complete) };
  return { evidence: next, verdict: verdictOn(addLook(next, look, complete)) };
}

/** Adds a look to `evidence` in place. */
export function addLook(evidence: Evidence, look: Look, criteria: CompleteCriteria): Question {
  enter(evidence, look, criteria);
  const names = namesOf(evidence, look, criteria);
  const usable = new Map<string, Measured>();
  const holds: string[] = [];
  for (const name of names) {
    const measured = measure(evidence, name, look.slis[name]);
    if (typeof measured === 'string') holds.push(`${name}: ${measured}`);
    else usable.set(name, measured);
  }
  if (usable.size > 0) {
    if (look.sameCode === true) calibrateAll(evidence, look, usable);
    else judgeAll(evidence, look, usable, names.length, criteria);
  }
  const totals = totalsOf(evidence, names, criteria);
  noteWandering(evidence, totals, criteria.unit);
  return { evidence, look, totals, measured: usable.size, holds, criteria };
}

function staleness(evidence: Evidence, look: Look): string | undefined {
  if (!Number.isFinite(look.at)) return `look.at is ${String(look.at)}, not a time in ms since 1970`;
  if (typeof look.slis !== 'object' || look.slis === null) {
    return 'look.slis is not an object with counts by SLI';
  }
  if (evidence.at === undefined || look.at > evidence.at) return undefined;
  return `the look of ${timeOf(look.at)} is not newer than the last one, of ${timeOf(evidence.at)}`;
}

/** Resets the parts of the evidence that do not belong to the look's revision and members. */
function enter(evidence: Evidence, look: Look, criteria: CompleteCriteria): void {
  evidence.at = look.at;
  if (criteria.revision !== undefined && criteria.revision !== evidence.revision) {
    if (evidence.revision !== undefined || evidence.looks > 0) resetRelease(evidence);
    evidence.revision = criteria.revision;
  }
  if (look.members !== undefined && look.members !== evidence.members) {
    if (evidence.members !== undefined) resetCalibration(evidence);
    evidence.members = look.members;
  }
  if (look.units) evidence.units = { gray: look.units.gray, control: look.units.control };
  if (look.sameCode === true && evidence.looks > 0) {
    // A new calibration: results with the margins of the old one do not carry over.
    resetCalibration(evidence);
    resetRelease(evidence);
  }
}

function namesOf(evidence: Evidence, look: Look, criteria: CompleteCriteria): readonly string[] {
  const names = criteria.slis ?? (evidence.names ??= Object.keys(look.slis).toSorted());
  // An assignment to this key would change the prototype of the evidence instead.
  return names.filter((name) => name !== '__proto__');
}

/** The exceedances of one SLI, or why it must hold. The first usable look fixes the boundaries. */
function measure(evidence: Evidence, name: string, arms: Arms | undefined): Measured | string {
  if (typeof arms !== 'object' || arms === null) return 'no data in this look';
  for (const arm of ['gray', 'control'] as const) {
    const fault = faultOf(arms[arm]);
    if (fault !== undefined) return `the counts of ${arm} are faulty: ${fault}`;
  }
  const common = boundariesOf(arms.gray, arms.control);
  if (typeof common === 'string') return common;
  const boundaries = sliOf(evidence, name)?.boundaries ?? common;
  const gray = exceedances(arms.gray, boundaries);
  if (typeof gray === 'string') return gray;
  const control = exceedances(arms.control, boundaries);
  if (typeof control === 'string') return control;
  if (gray.total === 0 || control.total === 0) {
    const idle = gray.total === 0 ? (control.total === 0 ? 'either arm' : 'gray') : 'control';
    return `no requests in ${idle} in this look`;
  }
  if (sliOf(evidence, name) === undefined) evidence.slis[name] = newSliEvidence(boundaries);
  return { gray, control };
}

function calibrateAll(evidence: Evidence, look: Look, usable: ReadonlyMap<string, Measured>): void {
  const span = (evidence.calibrated ??= { looks: 0, from: look.at, to: look.at, used: 0 });
  span.looks += 1;
  span.to = look.at;
  for (const [name, measured] of usable) addCalibrationLook(sliOf(evidence, name) as SliEvidence, measured);
  addSampleRatio(evidence, look);
}

function judgeAll(
  evidence: Evidence,
  look: Look,
  usable: ReadonlyMap<string, Measured>,
  slis: number,
  criteria: CompleteCriteria,
): void {
  evidence.looks += 1;
  if (evidence.calibrated) evidence.calibrated.used += 1;
  for (const [name, measured] of usable) {
    const sli = sliOf(evidence, name) as SliEvidence;
    if (sli.calibration && !sli.margins) {
      const margins = releaseMargins(sli.calibration, criteria.alpha, slis);
      if (margins !== undefined) sli.margins = margins;
    }
    addReleaseLook(sli, look.at, measured, criteria);
    countInstances(sli, look.instances?.[name]);
  }
  addSampleRatio(evidence, look);
}

/** A look with a faulty assignment adds nothing; `decide` reports it. */
function addSampleRatio(evidence: Evidence, { assigned }: Look): void {
  if (!assigned || faultOfAssigned(assigned) !== undefined) return;
  const { gray, control, expected } = assigned;
  evidence.sampleRatio = addAssignments(evidence.sampleRatio, gray, control, expected);
  const before = evidence.assigned ?? { gray: 0, control: 0, expectedGray: 0 };
  evidence.assigned = {
    gray: before.gray + gray,
    control: before.control + control,
    expectedGray: before.expectedGray + (gray + control) * expected,
  };
}
