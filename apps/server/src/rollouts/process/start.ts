import { assessCalibration, type Rollout } from '@graylane/rollout';
import type { GuardMode, RolloutDefinition } from '../definition/definition.ts';
import type { FlagDefinition } from '../targeting/dye-rule.ts';
import { acted, type ActBy } from './acted.ts';
import { armsKeyAt, weightsToCalibrate } from './arms.ts';
import { criteriaOf } from './criteria.ts';
import { hasStarted, whyNotForward } from './schedule.ts';
import type { RolloutRecord, Watch } from './record.ts';

/** A rollout that begins. */
export interface Beginning {
  readonly id: string;
  readonly definition: RolloutDefinition;
  /** The mode, where the request names none. */
  readonly defaultMode: GuardMode;
  readonly original: FlagDefinition;
  /** An earlier rollout of the same arms, whose units and A/A looks are taken over. */
  readonly earlier: RolloutRecord | undefined;
  /** Draws the units, if there is no earlier rollout. */
  readonly seed: string;
  readonly now: number;
  readonly author: string;
  readonly reason: string | undefined;
}

/** The record of a new rollout: scheduled, or with its first act. */
export function begin(beginning: Beginning): RolloutRecord {
  const { id, definition, defaultMode, original, earlier, seed, now, author, reason } = beginning;
  const { guard, steps, sameCodeLooks } = definition;
  const mode = guard.mode ?? defaultMode;
  const rollout: Rollout = {
    state: 'scheduled',
    steps,
    step: 0,
    since: now,
    sameCodeLooks,
    requestsBefore: 0,
    ...(mode === 'report' && { reportOnly: true }),
  };
  const record: RolloutRecord = {
    version: 1,
    id,
    definition,
    mode,
    seed: earlier?.seed ?? seed,
    original,
    rollout,
    move: 0,
    attempt: 1,
    calibrating: [],
    ended: false,
    finished: false,
    because: 'it waits for its start time',
    acts: [],
    watch: newWatch(definition, earlier, now),
  };
  const { schedule } = definition;
  if (!hasStarted(schedule, now)) return record;
  const closed = whyNotForward(schedule, now);
  if (closed !== undefined) return { ...record, because: closed };
  return started(record, { kind: 'start', now, author, reason: reason ?? describe(definition) });
}

/** A scheduled rollout, or one that is tried again, in its first step or its A/A looks. */
export function started(record: RolloutRecord, by: ActBy): RolloutRecord {
  const { definition, rollout } = record;
  const { now } = by;
  const calibrating = definition.standing ? weightsToCalibrate(definition) : missingCalibrations(record, now);
  const step = calibrating.length > 0 ? 0 : 1;
  return acted(record, by, {
    rollout: { ...rollout, state: 'running', step, since: now, requestsBefore: 0 },
    calibrating,
    ended: false,
  });
}

/**
 * The weights whose arms have too few A/A looks that are still valid. Requests whose A/A looks have
 * shown no autocorrelation need no others, however long ago that was.
 */
function missingCalibrations(record: RolloutRecord, now: number): readonly number[] {
  const { definition, watch } = record;
  const { sameCodeLooks } = definition;
  if (sameCodeLooks === 0) return [];
  const criteria = criteriaOf(record);
  return weightsToCalibrate(definition).filter((weight) => {
    const evidence = watch.evidence[armsKeyAt(definition, weight)];
    if (evidence === undefined) return true;
    const worth = assessCalibration(evidence, criteria, now);
    const isEnough = (evidence.calibrated?.looks ?? 0) >= sameCodeLooks;
    return worth !== 'independent' && !(worth === 'valid' && isEnough);
  });
}

/** Of an earlier rollout of the same arms only the A/A looks are kept. */
function newWatch(definition: RolloutDefinition, earlier: RolloutRecord | undefined, now: number): Watch {
  const sameSlis = earlier !== undefined && namesOf(earlier.definition) === namesOf(definition);
  return {
    evidence: sameSlis ? earlier.watch.evidence : {},
    holds: [],
    lookedAt: now,
    looks: 0,
    series: [],
    distributions: {},
    parts: [],
  };
}

function namesOf({ guard }: RolloutDefinition): string {
  return JSON.stringify([guard.slis, guard.source]);
}

function describe({ lane, steps, standing }: RolloutDefinition): string {
  const weights = steps.map(({ weight }) => `${weight} %`).join(', ');
  return standing ? `standing lanes "${lane}" at ${weights}` : `roll out "${lane}" by ${weights}`;
}
