import type { Breaker, CompleteCriteria } from '../criteria.ts';
import type { Look } from '../look.ts';
import type { Counts } from '../counts.ts';
import { faultOf, totalOf } from '../counts.ts';
import { exceedances } from '../statistics/exceedances.ts';
import { normalQuantile, wilson } from '../statistics/intervals.ts';

/**
 * One look breaks a limit when the lower bound of its share at this error probability is above the
 * limit.
 */
const z = normalQuantile(0.001);

/** A limit that a look broke. */
export interface Breach {
  readonly bad: number;
  readonly total: number;
  readonly limit: number;
  /** Seconds, of a limit on durations. */
  readonly slowerThan?: number;
}

/**
 * The limit that one arm's counts break, if any. Of durations the nearest boundary at or above
 * `slowerThan` counts.
 */
function breachOf(counts: Counts | undefined, breaker: Breaker): Breach | undefined {
  if (counts === undefined || faultOf(counts) !== undefined) return undefined;
  const total = totalOf(counts);
  if (total === 0) return undefined;
  if (counts.kind === 'ratio') {
    const limit = breaker.badRatio;
    if (limit === undefined || wilson(counts.bad, total, z).low <= limit) return undefined;
    return { bad: counts.bad, total, limit };
  }
  const { slowerThan, share: limit = 0.5 } = breaker;
  if (slowerThan === undefined) return undefined;
  const { bad, bound } = slower(counts, slowerThan);
  if (bad === undefined || wilson(bad, total, z).low <= limit) return undefined;
  return { bad, total, limit, slowerThan: bound };
}

/**
 * The first limit that the gray arm of a look breaks, and whether the control arm breaks it as
 * well.
 */
export function findBreach(
  look: Look,
  breakers: CompleteCriteria['breaker'],
): { readonly sli: string; readonly breach: Breach; readonly both: boolean } | undefined {
  for (const [sli, breaker] of Object.entries(breakers)) {
    const arms = look.slis[sli];
    const breach = breachOf(arms?.gray, breaker);
    if (breach) return { sli, breach, both: breachOf(arms?.control, breaker) !== undefined };
  }
  return undefined;
}

function slower(counts: Counts, seconds: number): { bad: number | undefined; bound: number } {
  if (counts.kind === 'histogram') {
    const bound = counts.bounds.find((one) => one >= seconds) ?? Number.NaN;
    const above = exceedances(counts, { kind: 'histogram', bounds: [bound] });
    return { bad: typeof above === 'string' ? undefined : above.above[0], bound };
  }
  if (counts.kind !== 'exponential') return { bad: undefined, bound: seconds };
  const index = Math.ceil(Math.log2(seconds) * 2 ** counts.scale - 1e-9);
  const bad = counts.counts.slice(Math.max(0, index - counts.offset)).reduce((sum, count) => sum + count, 0);
  return { bad, bound: 2 ** (index / 2 ** counts.scale) };
}
