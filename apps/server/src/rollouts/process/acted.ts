import type { Rollout, Verdict } from '@graylane/rollout';
import { armsKey, weightsOf } from './arms.ts';
import { carriersOf } from './parts.ts';
import type { Act, ActKind, RolloutRecord, Watch } from './record.ts';

/** So many acts are kept, the newest. */
const maxActs = 200;

/** An act: its author, and the reason, which the history shows. */
export interface ActBy {
  readonly kind: ActKind;
  readonly now: number;
  readonly author: string;
  readonly reason: string;
  /** The verdict by which the guard acts. */
  readonly verdict?: Verdict;
}

/** The members that an act changes. */
type Changes = Partial<Pick<RolloutRecord, 'attempt' | 'calibrating' | 'ended' | 'finished'>> & {
  readonly rollout: Rollout;
};

/** The author of what the guard does by itself. */
export function guardOf({ id }: Pick<RolloutRecord, 'id'>): string {
  return `graylane rollout ${id}`;
}

/** The rollout after an act, which makes one revision. */
export function acted(
  record: RolloutRecord,
  { kind, now, author, reason, verdict }: ActBy,
  changes: Changes,
): RolloutRecord {
  const move = record.move + 1;
  const next = { ...record, ...changes, move, because: reason };
  const carriers = verdict && carriersOf(record.watch.parts, verdict.sli);
  const act: Act = {
    move,
    kind,
    at: new Date(now).toISOString(),
    author,
    reason,
    state: next.rollout.state,
    step: next.rollout.step,
    weight: weightsOf(next).gray,
    ...(verdict && { verdict }),
    ...(carriers && carriers.length > 0 && { carriers }),
  };
  return {
    ...next,
    rollout: withRequests(record, next),
    acts: [...record.acts, act].slice(-maxActs),
    watch: watchAfter(record, next, now),
  };
}

/** Requests are counted from 0 again where the arms have evidence of their own. */
function withRequests(before: RolloutRecord, after: RolloutRecord): Rollout {
  const isNew = before.attempt !== after.attempt || armsKey(before) !== armsKey(after);
  return isNew ? { ...after.rollout, requestsBefore: 0 } : after.rollout;
}

/**
 * Looks begin anew as soon as other units are in the arms, and the verdict and plots with each
 * attempt at the release: it must not be judged by the verdict that stopped the one before.
 */
function watchAfter(before: RolloutRecord, after: RolloutRecord, now: number): Watch {
  const { watch } = before;
  const [old, weights] = [weightsOf(before), weightsOf(after)];
  const moves = old.gray !== weights.gray || old.control !== weights.control;
  const begins =
    (before.rollout.step === 0) !== (after.rollout.step === 0) || before.attempt !== after.attempt;
  const lookedAt = moves || begins ? Math.max(watch.lookedAt, now) : watch.lookedAt;
  if (!begins) return { ...watch, lookedAt };
  const { verdict: _verdict, heldBy: _heldBy, ...kept } = watch;
  return { ...kept, lookedAt, holds: [], distributions: {}, parts: [] };
}
