import { armsKey, weightsOf } from '../process/arms.ts';
import { isWatched, type AlarmCounts, type RolloutRecord } from '../process/record.ts';

/** A rollout in a list. */
export function summaryOf(record: RolloutRecord): object {
  const { id, definition, rollout, mode, because, watch, ended, finished, acts } = record;
  const { flag, lane, unit, standing, steps } = definition;
  return {
    id,
    flag,
    lane,
    unit,
    standing,
    state: rollout.state,
    step: rollout.step,
    steps: steps.length,
    weights: weightsOf(record),
    mode,
    ended: ended || !isWatched(record),
    finished,
    because,
    since: new Date(rollout.since).toISOString(),
    startedAt: acts[0]?.at,
    author: acts[0]?.author,
    action: watch.verdict?.action,
    holds: watch.holds,
  };
}

/** A rollout with its verdict. */
export function viewOf(record: RolloutRecord): object {
  const { definition, mode, rollout, watch, acts, attempt, calibrating } = record;
  const { verdict, holds, lookedAt, triedAt, ageMs, looks, series, parts, falseAlarms } = watch;
  const { guard } = definition;
  const arms = watch.evidence[armsKey(record)];
  return {
    ...summaryOf(record),
    definition: { ...definition, guard: { ...guard, mode } },
    attempt,
    calibrating: rollout.step === 0 ? calibrating : [],
    verdict,
    holds,
    looks,
    aaLooks: arms?.calibrated?.looks ?? 0,
    lookedAt: new Date(lookedAt).toISOString(),
    triedAt: triedAt === undefined ? undefined : new Date(triedAt).toISOString(),
    ageSeconds: ageMs === undefined ? undefined : Math.round(ageMs / 1000),
    series,
    parts,
    falseAlarms: falseAlarms && {
      ...alarmsOf(falseAlarms),
      looks: falseAlarms.looks,
      ...(falseAlarms.today && { today: { day: falseAlarms.today.day, ...alarmsOf(falseAlarms.today) } }),
    },
    acts,
  };
}

function alarmsOf({ windows, pauses, rollbacks }: AlarmCounts): object {
  return { mockRollouts: windows, pauses, rollbacks };
}
