import type { CompleteCriteria } from '../criteria.ts';
import { sliOf, type Evidence } from '../evidence/evidence.ts';
import { calibrationOf, type CalibrationState } from '../evidence/margins.ts';
import { logMean } from '../statistics/log-space.ts';
import { sampleRatioAlpha, sampleRatioEvidence } from '../statistics/sample-ratio.ts';
import { summarize, type Summary } from './summarize.ts';
import type { Verdict } from './verdict.ts';

/** The numbers of a verdict, before an action is chosen. */
export interface Totals {
  readonly summaries: readonly Summary[];
  readonly calibration: CalibrationState;
  readonly numbers: Omit<Verdict, 'action' | 'would' | 'because' | 'holds' | 'sli'>;
}

/** Sums up the evidence over SLIs. An SLI that has had no data yet has E = 1. */
export function totalsOf(evidence: Evidence, names: readonly string[], criteria: CompleteCriteria): Totals {
  const calibration = calibrationOf(evidence, names, criteria);
  const summaries = names.flatMap((name) => {
    const sli = sliOf(evidence, name);
    return sli === undefined ? [] : [summarize(name, sli, criteria)];
  });
  const mean = (test: 'fast' | 'robust'): number =>
    names.length === 0
      ? 0
      : logMean(names.map((name) => summaries.find((one) => one.name === name)?.[test] ?? 0));
  const reverse = summaries.length === names.length ? Math.min(...summaries.map((one) => one.reverse)) : 0;
  const alpha = calibration.spends ? criteria.alpha / 2 : criteria.alpha;
  const threshold = -Math.log(alpha);
  return {
    summaries,
    calibration,
    numbers: {
      total: {
        fast: mean('fast'),
        robust: mean('robust'),
        reverse: Number.isFinite(reverse) ? reverse : 0,
        threshold,
      },
      slis: Object.fromEntries(summaries.map(({ name, verdict }) => [name, verdict])),
      looks: evidence.looks,
      requests: {
        gray: Math.max(0, ...summaries.map(({ tally }) => tally.gray)),
        control: Math.max(0, ...summaries.map(({ tally }) => tally.control)),
      },
      ...(calibration.looks > 0 && {
        calibration: {
          looks: calibration.looks,
          validUntil: calibration.validUntil,
          drifts: calibration.state === 'drifts',
          blindBelow: Object.fromEntries(summaries.map(({ name, blindBelow }) => [name, blindBelow])),
        },
      }),
      ...(evidence.units && { units: evidence.units }),
      sampleRatio: {
        evidence: sampleRatioEvidence(evidence.sampleRatio),
        threshold: -Math.log(sampleRatioAlpha),
        ...(evidence.assigned && { assigned: evidence.assigned }),
      },
    },
  };
}
