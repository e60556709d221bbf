import type { CompleteCriteria } from '../criteria.ts';
import type { Evidence, SliEvidence } from '../evidence/evidence.ts';
import type { Tally } from '../evidence/tally.ts';
import { boundsOf } from '../statistics/exceedances.ts';
import { ksInterval } from '../statistics/ks.ts';
import { quantileInterval } from '../statistics/quantile.ts';
import { worstBoundary, type Summary } from './summarize.ts';
import type { Totals } from './totals.ts';
import type { Bucket, SliVerdict, Verdict } from './verdict.ts';

/** The numbers of a verdict. No action depends on those that are computed here. */
export function describe(
  { looks, units }: Evidence,
  { summaries, calibration, total, requests, sampleRatio }: Totals,
  criteria: CompleteCriteria,
): Omit<Verdict, 'action' | 'would' | 'because' | 'holds' | 'sli'> {
  return {
    total,
    slis: Object.fromEntries(summaries.map((summary) => [summary.name, sliVerdict(summary)])),
    looks,
    requests,
    ...(calibration.looks > 0 && {
      calibration: {
        looks: calibration.looks,
        validUntil: calibration.validUntil,
        drifts: calibration.state === 'drifts',
        blindBelow: Object.fromEntries(summaries.map(({ name, sli }) => [name, blindBelow(sli, criteria)])),
      },
    }),
    ...(units && { units }),
    sampleRatio,
  };
}

function blindBelow({ margins }: SliEvidence, criteria: CompleteCriteria): number {
  return margins === undefined ? criteria.margin : Math.exp(Math.min(...margins.high));
}

function sliVerdict(summary: Summary): SliVerdict {
  const { fast, robust, reverse, sli } = summary;
  const worst = worstBoundary(summary);
  return { fast, robust, reverse, ...countsAt(sli, worst), ...distributions(sli, worst) };
}

/** Counts at a boundary, of the newest looks where they show a difference more clearly. */
export function countsAt(sli: SliEvidence, boundary: number): Pick<SliVerdict, 'since' | 'gray' | 'control'> {
  const shown = clearest(sli, boundary);
  return {
    since: shown.since,
    gray: { bad: shown.grayAbove[boundary] ?? 0, total: shown.gray },
    control: { bad: shown.controlAbove[boundary] ?? 0, total: shown.control },
  };
}

/** The boundary in seconds; undefined for errors. */
export function secondsAt({ boundaries, tally }: SliEvidence, boundary: number): number | undefined {
  if (boundaries.kind === 'ratio' || tally.looks === 0) return undefined;
  return boundsOf(boundaries)[boundary] ?? 0;
}

/** Of durations; nothing of errors. */
function distributions(
  sli: SliEvidence,
  worst: number,
): Partial<Pick<SliVerdict, 'boundary' | 'ks' | 'quantiles'>> {
  const boundary = secondsAt(sli, worst);
  if (boundary === undefined) return {};
  const { boundaries, dropped, tally } = sli;
  const all = boundsOf(boundaries);
  const kept = all.map((_, j) => j).filter((j) => dropped[j] === 0);
  const bounds = kept.map((j) => all[j] ?? 0);
  const gray = kept.map((j) => (tally.grayAbove[j] ?? 0) / tally.gray);
  const control = kept.map((j) => (tally.controlAbove[j] ?? 0) / tally.control);
  const at = (quantile: number): { gray: Bucket; control: Bucket } => ({
    gray: quantileInterval(quantile, bounds, gray),
    control: quantileInterval(quantile, bounds, control),
  });
  return {
    boundary,
    ks: ksInterval(gray, control),
    quantiles: { p50: at(0.5), p95: at(0.95), p99: at(0.99) },
  };
}

/**
 * All looks, or the newest 20 to 40: the set with the greater difference for its size, because a
 * late defect is hard to see in all looks.
 */
function clearest({ tally, recent: [before, newest] }: SliEvidence, worst: number): Tally {
  const recent = before.looks > 0 ? before : newest;
  return score(newest, worst) > Math.max(score(tally, worst), score(recent, worst))
    ? newest
    : score(recent, worst) > score(tally, worst)
      ? recent
      : tally;
}

function score({ gray, control, grayAbove, controlAbove }: Tally, j: number): number {
  if (gray === 0 || control === 0) return 0;
  const [one, other] = [grayAbove[j] ?? 0, controlAbove[j] ?? 0];
  const share = (one + other) / (gray + control);
  const deviation = Math.sqrt(share * (1 - share) * (1 / gray + 1 / control));
  return deviation > 0 ? (one / gray - other / control) / deviation : 0;
}
