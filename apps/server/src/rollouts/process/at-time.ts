import { acted, guardOf } from './acted.ts';
import { isActive, type RolloutRecord } from './record.ts';
import { hasStarted, whyNotForward } from './schedule.ts';
import { started } from './start.ts';

/**
 * The rollout at a time, before a look: a scheduled one starts, the bake time ends, and one that
 * something stands in the way of is paused. Pure.
 * @param obstacle e.g. a kill of its lane, or an edit of its dye rule by hand.
 */
export function atTime(record: RolloutRecord, now: number, obstacle: string | undefined): RolloutRecord {
  const { rollout, definition, ended } = record;
  const author = guardOf(record);
  if (obstacle !== undefined) {
    if (!isActive(record) || rollout.state !== 'running') return record;
    const by = { kind: 'pause', now, author, reason: obstacle } as const;
    return acted(record, by, { rollout: { ...rollout, state: 'paused', since: now } });
  }
  if (rollout.state === 'scheduled') {
    const may = hasStarted(definition.schedule, now) && whyNotForward(definition.schedule, now) === undefined;
    return may ? started(record, { kind: 'start', now, author, reason: 'the start time has come' }) : record;
  }
  const isBaked = rollout.state === 'promoted' && now >= rollout.since + definition.bakeSeconds * 1000;
  if (!isBaked || ended) return record;
  const reason = `the bake time of ${definition.bakeSeconds} s is over: the control ends`;
  return acted(record, { kind: 'end', now, author, reason }, { rollout, ended: true });
}
