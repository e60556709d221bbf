import type { CompleteCriteria } from '../criteria.ts';
import type { SliEvidence } from '../evidence/evidence.ts';
import { usesMargins } from '../evidence/margins.ts';
import { bets, evidenceAt, evidenceOf } from '../statistics/e-process.ts';
import { rarity } from '../statistics/rarity.ts';
import {
  correlation,
  seriesSince,
  shareOf,
  signVariance,
  steadiness,
  type Series,
} from '../statistics/series.ts';

/**
 * Promotion speaks about boundaries that at least this share of requests exceeds, and does not
 * exceed. Where there are none because hardly any request is bad, it excludes this share instead.
 */
export const leastShare = 0.001;
/**
 * A boundary where the arms' own difference leaves less than this odds ratio to exclude cannot
 * promote.
 */
const leastExcluded = 1.1;

/** The evidence of one SLI as numbers. */
export interface Summary {
  readonly name: string;
  readonly fast: number;
  readonly robust: number;
  readonly reverse: number;
  /** The boundaries that a promotion is about. */
  readonly decisive: number;
  /** Too few requests are bad to compare the arms, so `reverse` excludes a share of them. */
  readonly rare: boolean;
  readonly sli: SliEvidence;
}

export function summarize(name: string, sli: SliEvidence, criteria: CompleteCriteria): Summary {
  const { processes } = sli;
  const fast = evidenceOf(processes.fast, processes.looks);
  const robust = evidenceOf(processes.robust, processes.looks) / tempering(sli);
  return { name, fast, robust, ...reverseOf(sli, criteria), sli };
}

/**
 * The number v by which ln E of the robust test is divided, because neighbouring looks may depend
 * on each other: E^(1/v) with v >= 1 is an e-value, too. v is the variance inflation of an AR(1)
 * series that is observed with as much noise. Its correlation r is taken one standard error above
 * the estimate, or half of one where A/A looks were taken. In a long series the newest looks do not
 * count: a defect that begins late must not look like a correlation.
 *
 * A difference that varies less than independent requests would cannot depend on itself by much,
 * so r counts for the part that varies. Where a release is much slower, its arms do not follow the
 * load alike, and the difference wanders without any burst: arms that were calibrated are judged by
 * their bets, which stay the same then.
 *
 * Without A/A looks a defect that begins late makes one jump, which a series of all looks takes for
 * a correlation for an hour. If the newest 20 to 40 looks differ steadily, they speak for
 * themselves.
 */
function tempering(sli: SliEvidence): number {
  const { margins, differences, earlier } = sli;
  const [settled] = earlier;
  const used = settled.series.length < longSeries ? differences : settled;
  const { signs } = used;
  if (margins !== undefined) {
    return inflation(shareOf(signVariance, signs) * (correlation(signs) + errorOf(signs) / 2));
  }
  const { series, noise } = used;
  const all = inflation(dependence(series, noise / series.length));
  const newest = seriesSince(differences.series, settled.series);
  if (settled.series.length === 0 || !(steadiness(newest) > leastSteadiness)) return all;
  return Math.min(
    all,
    inflation(dependence(newest, (differences.noise - settled.noise) / (newest.length - 1))),
  );
}

/** How much neighbouring looks depend on each other, if independent requests vary by `noise`. */
function dependence(series: Series, noise: number): number {
  const share = shareOf(noise, series);
  return share * correlation(series) + Math.sqrt(share) * Math.max(leastDoubt, errorOf(series));
}

function inflation(dependent: number): number {
  const r = Math.min(0.9, Math.max(0, dependent));
  return 1 + (2 * r) / (1 - Math.min(0.9, 2 * r));
}

/** The standard error of a correlation. */
function errorOf({ length }: Series): number {
  return 1 / Math.sqrt(Math.max(4, length));
}

const longSeries = 60;
/**
 * Without A/A looks: bursts with an autocorrelation of .8 then roll back 4 % of healthy releases,
 * not 5 %.
 */
const leastDoubt = 0.18;
/** Bursts with an autocorrelation of .8 hardly ever differ so steadily for 20 looks. */
const leastSteadiness = 2;

/**
 * The least evidence of all boundaries that a promotion is about: it must exclude a worse release
 * at each of them.
 */
function reverseOf(
  sli: SliEvidence,
  criteria: CompleteCriteria,
): Pick<Summary, 'reverse' | 'decisive' | 'rare'> {
  const { tally, processes, margins } = sli;
  const own = usesMargins(sli, criteria.unit).reverse ? margins?.low : undefined;
  const shares = tally.grayAbove.map(
    (above, j) => (above + (tally.controlAbove[j] ?? 0)) / (tally.gray + tally.control),
  );
  const common = (share: number): boolean => Math.min(share, 1 - share) >= leastShare;
  let [reverse, decisive] = [Infinity, 0];
  for (const [j, share] of shares.entries()) {
    const excluded = criteria.promoteMargin * Math.exp(own?.[j] ?? 0);
    if (sli.dropped[j] === 1 || !common(share)) continue;
    if (excluded < Math.min(leastExcluded, criteria.promoteMargin)) continue;
    decisive += 1;
    reverse = Math.min(reverse, evidenceAt(processes.reverse, j, bets.reverse));
  }
  if (decisive > 0) return { reverse, decisive, rare: false };
  const lowest = shares.findIndex((share, j) => sli.dropped[j] !== 1 && share < leastShare);
  if (lowest === -1 || shares.some(common)) return { reverse: 0, decisive: 0, rare: false };
  return { reverse: rarity(tally.grayAbove[lowest] ?? 0, tally.gray, leastShare), decisive: 1, rare: true };
}

/** The SLI that keeps a promotion back for longest. */
export function weakestOf(summaries: readonly Summary[]): Summary {
  return summaries.reduce((one, other) => (other.reverse < one.reverse ? other : one));
}

/** The index of the boundary at which the stronger test has the strongest evidence. */
export function worstBoundary({ fast, robust, sli: { processes, dropped } }: Summary): number {
  const test = fast > robust ? 'fast' : 'robust';
  let [worst, most] = [0, -Infinity];
  for (let j = 0; j < dropped.length; j += 1) {
    const evidence = evidenceAt(processes[test], j, bets[test]);
    if (evidence > most) [worst, most] = [j, evidence];
  }
  return worst;
}
