import type { CompleteCriteria } from '../criteria.ts';
import { sliOf, type Evidence } from '../evidence/evidence.ts';
import { driftLimit, leastLooks, validity } from '../evidence/margins.ts';
import { drift } from '../statistics/series.ts';
import { claimOf, timeOf } from './sentences.ts';
import { weakestOf, type Summary } from './summarize.ts';
import type { Totals } from './totals.ts';

/**
 * Users and tenants may roll back without a calibration while each has made no more requests than
 * this.
 */
const requestsPerUnit = 3;

/** Why the robust test may pause, but not roll back; undefined if it may. */
export function whyOnlyPause(
  { units }: Evidence,
  { calibration, requests }: Totals,
  criteria: CompleteCriteria,
): string | undefined {
  const { state, looks, validUntil } = calibration;
  if (state === 'drifts') {
    return `the ${looks} A/A looks show a difference between the arms that changes by more than chance, so tests only pause until the arms are calibrated anew`;
  }
  if (state === 'valid') return undefined;
  if (criteria.unit === 'request' && !calibration.dependent) return undefined;
  if (state === 'expired') {
    return `the calibration was valid until ${timeOf(validUntil)}, ${validity} times its ${looks} looks, so tests only pause until the arms are calibrated anew`;
  }
  const needed = `${criteria.unit}s stay in their arm, and the arms were not calibrated by at least ${leastLooks} A/A looks of these members`;
  if (units === undefined) return `${needed}; the effective number of units is unknown, so tests only pause`;
  const each = Math.max(requests.gray / units.gray, requests.control / units.control);
  if (each <= requestsPerUnit) return undefined;
  return `${needed}; each of the effectively ${Math.round(units.gray)} and ${Math.round(units.control)} units made ${each.toFixed(1)} requests, more than ${requestsPerUnit}, so tests only pause`;
}

/**
 * Remembers that the difference wandered when the robust test rejected. A release that is worse
 * differs by the same amount at each look, while a mix that changes makes the difference wander.
 * Without memory, a test that goes on rejecting would meet a look that happens not to show it.
 */
export function noteWandering(
  evidence: Evidence,
  { summaries, total }: Totals,
  unit: CompleteCriteria['unit'],
): void {
  if (unit === 'request' || total.robust < total.threshold) return;
  for (const { name } of summaries) {
    const sli = sliOf(evidence, name);
    if (sli !== undefined && drift(sli.differences.series) > driftLimit) sli.wanders = true;
  }
}

/** Why users or tenants do not roll back although the robust test rejects. */
export function whyWanders(
  evidence: Evidence,
  { name }: Summary,
  { unit }: CompleteCriteria,
): string | undefined {
  if (sliOf(evidence, name)?.wanders !== true) return undefined;
  return `${name}: the difference between the arms changes from look to look by more than chance, as a changing mix of ${unit}s would make it, so tests only pause`;
}

/** Why a release that looks healthy is not promoted yet; undefined where it is. */
export function whyNotPromote(
  evidence: Evidence,
  totals: Totals,
  criteria: CompleteCriteria,
  holds: readonly string[],
): string | undefined {
  const { summaries, total } = totals;
  const blind = summaries.find(({ decisive }) => decisive === 0);
  if (blind !== undefined) {
    return `${blind.name}: no boundary has enough requests on both sides, at an own difference small enough, to exclude the odds ratio ${criteria.promoteMargin}`;
  }
  if (total.reverse < total.threshold) {
    return `${claimOf(weakestOf(summaries), criteria.promoteMargin)} is not excluded yet (ln E ${total.reverse.toFixed(2)} of ${total.threshold.toFixed(2)})`;
  }
  if (holds.length > 0) return 'a promotion needs a look without gaps';
  const only = criteria.unit === 'request' ? undefined : whyOnlyPause(evidence, totals, criteria);
  return only === undefined ? undefined : only.replace('so tests only pause', 'so tests do not promote');
}
