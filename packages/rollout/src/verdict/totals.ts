import type { CompleteCriteria } from '../criteria.ts';
import { sliOf, type Evidence } from '../evidence/evidence.ts';
import { calibrationOf, type CalibrationState } from '../evidence/margins.ts';
import { logMean } from '../statistics/log-space.ts';
import { sampleRatioAlpha, sampleRatioEvidence } from '../statistics/sample-ratio.ts';
import { summarize, type Summary } from './summarize.ts';
import type { Verdict } from './verdict.ts';

/** The numbers that decide on an action. */
export interface Totals extends Pick<Verdict, 'total' | 'requests' | 'sampleRatio'> {
  readonly summaries: readonly Summary[];
  readonly calibration: CalibrationState;
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
  const most = (arm: 'gray' | 'control'): number =>
    Math.max(0, ...summaries.map(({ sli }) => sli.tally[arm]));
  return {
    summaries,
    calibration,
    total: {
      fast: mean('fast'),
      robust: mean('robust'),
      reverse: Number.isFinite(reverse) ? reverse : 0,
      threshold: -Math.log(alpha),
    },
    requests: { gray: most('gray'), control: most('control') },
    sampleRatio: {
      evidence: sampleRatioEvidence(evidence.sampleRatio),
      threshold: -Math.log(sampleRatioAlpha),
      ...(evidence.assigned && { assigned: evidence.assigned }),
    },
  };
}
