import type { Rollout } from '@graylane/rollout';
import { RequestError } from '../../model/request-error.ts';
import { acted, type ActBy } from './acted.ts';
import type { RolloutRecord } from './record.ts';
import { started } from './start.ts';

/** An act by a person, or a program that has a token. */
export type ActByHand = 'pause' | 'resume' | 'promote' | 'rollback' | 'finish';

export const actsByHand: readonly ActByHand[] = ['pause', 'resume', 'promote', 'rollback', 'finish'];

/** Who acts, and why. */
export interface Hand {
  readonly now: number;
  readonly author: string;
  readonly reason?: string | undefined;
  /** Promote to the end instead of one step. */
  readonly full?: boolean | undefined;
}

/**
 * The rollout after an act by hand. Pure.
 * @throws {RequestError} `conflict` if the rollout's state does not allow it.
 */
export function byHand(record: RolloutRecord, act: ActByHand, hand: Hand): RolloutRecord {
  const by = { ...hand, kind: act, reason: hand.reason ?? `${act} by hand` };
  switch (act) {
    case 'pause':
      return pause(record, by);
    case 'resume':
      return resume(record, by);
    case 'promote':
      return promote(record, by, hand.full === true);
    case 'rollback':
      return rollback(record, by);
    default:
      return finish(record, by);
  }
}

function pause(record: RolloutRecord, by: ActBy): RolloutRecord {
  const { rollout } = record;
  if (rollout.state === 'scheduled') throw refuse(record, 'it has not begun: roll it back to cancel it');
  if (rollout.state !== 'running') throw refuse(record, 'only a running rollout can be paused');
  return acted(record, by, { rollout: { ...rollout, state: 'paused', since: by.now } });
}

/** Judges the release anew: the evidence that stopped it would stop it again. */
function resume(record: RolloutRecord, by: ActBy): RolloutRecord {
  const { rollout, attempt, finished } = record;
  if (finished) throw refuse(record, 'it is finished: start another rollout');
  if (rollout.state === 'rolled_back') {
    return started({ ...record, attempt: attempt + 1 }, by);
  }
  if (rollout.state !== 'paused') throw refuse(record, 'only a paused or rolled back rollout can be resumed');
  return acted(record, by, {
    rollout: { ...rollout, state: 'running', since: by.now, requestsBefore: 0 },
    attempt: attempt + 1,
  });
}

/** One step on, or to the end; during the bake time, its end. */
function promote(record: RolloutRecord, by: ActBy, full: boolean): RolloutRecord {
  const { rollout, definition, ended } = record;
  if (definition.standing) throw refuse(record, 'standing lanes release nothing: roll them back to end them');
  const { state, step, steps } = rollout;
  if (state === 'scheduled') return started(record, by);
  if (state === 'promoted' && !ended) return acted(record, { ...by, kind: 'end' }, { rollout, ended: true });
  if (state !== 'running' && state !== 'paused') {
    throw refuse(record, 'only a rollout that has not ended can be promoted; resume tries it again');
  }
  const isLast = full || step === steps.length;
  const next: Rollout = isLast
    ? { ...rollout, state: 'promoted', step: steps.length, since: by.now }
    : { ...rollout, state: 'running', step: step + 1, since: by.now, requestsBefore: 0 };
  return acted(record, by, { rollout: next, calibrating: [] });
}

function rollback(record: RolloutRecord, by: ActBy): RolloutRecord {
  const { rollout, definition, finished } = record;
  if (finished) throw refuse(record, 'it is finished: change the dye rule itself');
  if (rollout.state === 'rolled_back') throw refuse(record, 'it is rolled back already');
  const next = { ...rollout, state: 'rolled_back', since: by.now } as const;
  // Nothing was released by standing lanes, or before the start: the dye rule is its own again.
  const isOver = definition.standing || rollout.state === 'scheduled';
  return acted(record, by, { rollout: next, ...(isOver && { ended: true, finished: true }) });
}

/** Gives the dye rule back, as it was before. */
function finish(record: RolloutRecord, by: ActBy): RolloutRecord {
  const { rollout, finished } = record;
  if (finished) throw refuse(record, 'it is finished already');
  if (rollout.state !== 'rolled_back' && rollout.state !== 'promoted') {
    throw refuse(record, 'only a promoted or rolled back rollout can be finished');
  }
  return acted(record, by, { rollout, ended: true, finished: true });
}

function refuse({ id, rollout }: RolloutRecord, remedy: string): RequestError {
  return new RequestError('conflict', `the rollout ${id} is ${rollout.state.replace('_', ' ')}: ${remedy}`);
}
