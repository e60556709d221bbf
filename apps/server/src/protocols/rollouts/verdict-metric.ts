import type { RolloutRecord } from '../../rollouts/process/record.ts';

/** The verdict as other release systems read it. */
export interface VerdictMetric {
  /** 1 passes, 0 fails, and .5 is neither: the guard holds. */
  readonly value: number;
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly state: string;
  readonly because: string;
  readonly holds: readonly string[];
}

/** Data older than this many looks is missing: it neither passes nor fails. */
const maxAge = 4;

/**
 * The verdict as a metric for Argo Rollouts, Flagger and scripts. Missing data is inconclusive, so
 * that it neither passes nor aborts a release. A rollout that is rolled back fails.
 */
export function verdictMetric(record: RolloutRecord, now: number): VerdictMetric {
  const { rollout, watch, definition, because } = record;
  const { verdict, holds, lookedAt } = watch;
  const { state } = rollout;
  const of = (value: number, name: VerdictMetric['verdict'], why: string): VerdictMetric => ({
    value,
    verdict: name,
    state,
    because: why,
    holds,
  });
  if (state === 'rolled_back') return of(0, 'fail', because);
  if (state === 'promoted') return of(1, 'pass', because);
  const isOld = now - lookedAt > maxAge * definition.guard.lookSeconds * 1000;
  if (verdict === undefined || isOld) {
    return of(0.5, 'inconclusive', isOld ? 'the data is missing or old' : 'there is no verdict yet');
  }
  if (verdict.would === 'rollback') return of(0, 'fail', verdict.because);
  if (verdict.would === 'promote' && rollout.step > 0) return of(1, 'pass', verdict.because);
  return of(0.5, 'inconclusive', verdict.because);
}
