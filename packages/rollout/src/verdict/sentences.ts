import type { Carrier } from '../evidence/instances.ts';
import type { Breach } from './breaker.ts';
import { countsAt, secondsAt } from './describe.ts';
import { leastShare, weakestOf, worstBoundary, type Summary } from './summarize.ts';
import type { Verdict } from './verdict.ts';

/** A share as percent with two significant digits. */
function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}

export function breachSentence(sli: string, { bad, total, limit, slowerThan }: Breach): string {
  return `${sli}: ${bad} of ${total} gray requests of this look (${percent(bad / total)}) ${were(slowerThan)}, beyond the limit of ${percent(limit)}`;
}

export function differenceSentence(worst: Summary, test: 'fast' | 'robust', total: Verdict['total']): string {
  return `${counts(worst)}; ln E of the ${test} test is ${total[test].toFixed(2)} >= ${total.threshold.toFixed(2)}`;
}

/** What a promotion excludes for an SLI. */
export function claimOf({ name, rare }: Summary, margin: number): string {
  return rare
    ? `a share of ${percent(leastShare)} bad gray requests (${name} has too few to compare the arms)`
    : `an odds ratio of ${margin} at each boundary that ${percent(leastShare)} of requests exceed`;
}

export function promotionSentence(
  summaries: readonly Summary[],
  total: Verdict['total'],
  margin: number,
): string {
  const weakest = weakestOf(summaries);
  return `${claimOf(weakest, margin)} is excluded (ln E ${total.reverse.toFixed(2)} >= ${total.threshold.toFixed(2)}); ${counts(weakest)}`;
}

export function calmSentence(summaries: readonly Summary[], total: Verdict['total']): string {
  const worst = summaries.reduce((one, other) => (other.fast > one.fast ? other : one));
  return `${counts(worst)}; ln E is ${total.fast.toFixed(2)} (fast) and ${total.robust.toFixed(2)} (robust), below ${total.threshold.toFixed(2)}`;
}

export function sampleRatioSentence({ evidence, threshold, assigned }: Verdict['sampleRatio']): string {
  const { gray, control, expectedGray } = assigned ?? { gray: 0, control: 0, expectedGray: 0 };
  return `units are not assigned as expected: ${gray} of ${gray + control} are gray, which should be ${Math.round(expectedGray)} (ln E ${evidence.toFixed(1)} >= ${threshold.toFixed(1)}), so the arms cannot be compared`;
}

export function carrierSentence(sli: string, { name, share, rest, control }: Carrier): string {
  return `${sli}: instance "${name}" carries the difference: ${percent(share)} of its requests, ${percent(rest)} of the other gray instances', ${percent(control)} of control's`;
}

/** ISO 8601, or the number itself where a calendar does not reach. */
export function timeOf(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at);
}

/** The counts behind a verdict: E is computed from these, look by look. */
function counts(summary: Summary): string {
  const { name, sli } = summary;
  const worst = worstBoundary(summary);
  const { gray, control, since } = countsAt(sli, worst);
  const arm = (which: string, { bad, total }: typeof gray): string =>
    `${bad} of ${total} ${which} requests (${percent(bad / total)})`;
  return `${name}: since ${timeOf(since)} ${arm('gray', gray)} and ${arm('control', control)} ${were(secondsAt(sli, worst))}`;
}

function were(seconds: number | undefined): string {
  return seconds === undefined ? 'were bad' : `were slower than ${Number(seconds.toPrecision(3))} s`;
}
