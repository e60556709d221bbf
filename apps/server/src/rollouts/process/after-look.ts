import { advance, judge, type Look, type Rollout, type Verdict } from '@graylane/rollout';
import type { LookResponse } from '../evidence/look-source.ts';
import { weightsAt } from '../targeting/weights.ts';
import { acted, guardOf } from './acted.ts';
import { armsKey } from './arms.ts';
import { criteriaOf } from './criteria.ts';
import { addDistributions } from './distributions.ts';
import { addMockLook } from './false-alarms.ts';
import { addParts } from './parts.ts';
import type { Point, RolloutRecord, Watch } from './record.ts';
import { whyNotForward } from './schedule.ts';

/** So many points of evidence are kept for plots; beyond, every second one is dropped. */
const maxPoints = 400;

/**
 * The rollout after a look, or after the reasons why there is none: judged, and moved if the
 * verdict and the schedule allow it. Pure.
 */
export function afterLook(record: RolloutRecord, response: LookResponse, now: number): RolloutRecord {
  const { ageMs } = response;
  const watch = { ...record.watch, triedAt: now, ...(ageMs !== undefined && { ageMs }) };
  const { look } = response;
  if (look === undefined) return { ...record, watch: { ...watch, holds: response.holds, heldBy: 'data' } };
  if (!(look.at > watch.lookedAt) || look.at > now + 1000) {
    const hold = `the look ends at ${show(look.at)}, and the last one at ${show(watch.lookedAt)}; it is ${show(now)}`;
    return { ...record, watch: { ...watch, holds: [`${hold}: check the clocks`], heldBy: 'data' } };
  }
  const key = armsKey(record);
  const sameCode = record.rollout.step === 0;
  const question: Look = { ...look, members: key, sameCode };
  const { evidence, verdict } = judge(watch.evidence[key], question, criteriaOf(record));
  const looked: RolloutRecord = {
    ...record,
    watch: {
      ...watch,
      evidence: { ...watch.evidence, [key]: evidence },
      verdict,
      holds: [...response.holds, ...verdict.holds],
      lookedAt: look.at,
      looks: watch.looks + 1,
      series: thinned([...watch.series, pointOf(look.at, record.rollout.step, verdict)]),
      distributions: distributionsAfter(watch, question),
      parts: addParts(watch.parts, response.parts),
      ...(sameCode && { falseAlarms: addMockLook(watch.falseAlarms, question, record) }),
    },
  };
  return moved(held(looked, response, verdict), verdict, now);
}

function held(record: RolloutRecord, { holds }: LookResponse, { action }: Verdict): RolloutRecord {
  const { heldBy: _, ...watch } = record.watch;
  if (holds.length > 0) return { ...record, watch: { ...watch, heldBy: 'data' } };
  return { ...record, watch: action === 'hold' ? { ...watch, heldBy: 'evidence' } : watch };
}

/** The rollout after a verdict. */
function moved(record: RolloutRecord, verdict: Verdict, now: number): RolloutRecord {
  const { rollout, calibrating, definition } = record;
  const author = guardOf(record);
  // A pause keeps the units that are gray: they are rolled back when the evidence suffices.
  if (rollout.state === 'promoted' || rollout.state === 'paused') {
    if (verdict.action !== 'rollback') return record;
    const by = { kind: 'rollback', now, author, reason: verdict.because, verdict } as const;
    return acted(record, by, { rollout: { ...rollout, state: 'rolled_back', since: now } });
  }
  if (definition.standing && rollout.step === 0) return record;
  const next = advance(withoutControl(record, verdict), verdict, new Date(now));
  if (next.state === rollout.state && next.step === rollout.step) return record;
  if (next.state === 'rolled_back' || next.state === 'paused') {
    const kind = next.state === 'paused' ? 'pause' : 'rollback';
    return acted(
      record,
      { kind, now, author, reason: verdict.because, verdict },
      { rollout: own(next, record) },
    );
  }
  const hold = whyNotForward(definition.schedule, now);
  if (hold !== undefined) {
    const { watch } = record;
    return { ...record, watch: { ...watch, holds: [...watch.holds, hold], heldBy: 'schedule' } };
  }
  const by = { now, author, reason: verdict.because, verdict };
  if (rollout.step === 0 && calibrating.length > 1) {
    const left = calibrating.slice(1);
    return acted(
      record,
      { ...by, kind: 'calibrate' },
      { rollout: { ...rollout, since: now }, calibrating: left },
    );
  }
  const kind = next.state === 'promoted' ? 'promote' : 'step';
  return acted(record, { ...by, kind }, { rollout: own(next, record), calibrating: [] });
}

/**
 * At 100 % the control is too small to exclude anything. The evidence of the steps before counts,
 * and the step ends after its time and requests, unless a test speaks against it.
 */
function withoutControl({ rollout, definition }: RolloutRecord, { total }: Verdict): Rollout {
  const { steps, bakeWeight } = definition;
  const weight = steps[rollout.step - 1]?.weight ?? 0;
  const isWhole = steps.length > 1 && weightsAt(weight, bakeWeight).gray >= 100 - bakeWeight;
  const isCalm = Math.max(total.fast, total.robust) < total.threshold;
  return isWhole && isCalm ? { ...rollout, reportOnly: true } : rollout;
}

/** Keeps the rollout's own `reportOnly`. */
function own(next: Rollout, { rollout }: RolloutRecord): Rollout {
  const { reportOnly: _, ...others } = next;
  return rollout.reportOnly === undefined ? others : { ...others, reportOnly: rollout.reportOnly };
}

function pointOf(at: number, step: number, { total }: Verdict): Point {
  const round = (value: number): number => Math.round(value * 1000) / 1000;
  return {
    at,
    step,
    fast: round(total.fast),
    robust: round(total.robust),
    reverse: round(total.reverse),
    threshold: round(total.threshold),
  };
}

/** The newest point always stays. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= maxPoints) return points;
  return points.filter((_, index) => index % 2 === (points.length - 1) % 2);
}

function distributionsAfter({ distributions }: Watch, { slis }: Look): Watch['distributions'] {
  const added = Object.entries(slis).flatMap(([name, arms]) => {
    const sum = addDistributions(distributions[name], arms);
    return sum === undefined ? [] : [[name, sum] as const];
  });
  return { ...distributions, ...Object.fromEntries(added) };
}

function show(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString() : String(at);
}
