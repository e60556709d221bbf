import { describe, expect, test } from 'vitest';
import type { CountedLook, LookResponse } from '../../src/rollouts/evidence/look-source.ts';
import { readDefinition } from '../../src/rollouts/definition/read-definition.ts';
import { afterLook } from '../../src/rollouts/process/after-look.ts';
import { weightsOf } from '../../src/rollouts/process/arms.ts';
import { atTime } from '../../src/rollouts/process/at-time.ts';
import { actsByHand, byHand } from '../../src/rollouts/process/by-hand.ts';
import type { RolloutRecord } from '../../src/rollouts/process/record.ts';
import { verdictMetric } from '../../src/protocols/rollouts/verdict-metric.ts';
import { begin } from '../../src/rollouts/process/start.ts';
import { dyeRule, request } from './rollout-requests.ts';

const start = Date.UTC(2027, 0, 29, 12);
const [sli] = request.guard.slis;
const errors = { ...sli, name: 'errors', kind: 'errors', bad: { 'http.response.status_code': '5..' } };
const byRequest = { ...request, unit: 'request', guard: { mode: 'act', slis: [errors], minRequests: 0 } };

describe('a rollout', () => {
  test('begins at its first step without A/A looks, and in A/A looks otherwise', () => {
    expect(begun()).toMatchObject({ rollout: { state: 'running', step: 1 }, move: 1 });
    const record = begun({ sameCodeLooks: 20 });
    expect(record.rollout).toMatchObject({ state: 'running', step: 0 });
    expect(weightsOf(record)).toEqual({ gray: 50, control: 50 });
  });

  test('takes A/A looks for the members of each step, where units stay in their arm', () => {
    let record = begun({
      unit: 'user',
      sameCodeLooks: 2,
      steps: [{ weight: 5 }, { weight: 25 }, { weight: 100 }],
    });
    const seen: unknown[] = [];
    for (let look = 1; record.rollout.step === 0; look += 1) {
      seen.push(weightsOf(record).gray);
      record = looked(record, look, { gray: 10, control: 10 });
    }
    expect(seen).toEqual([5, 5, 25, 25]);
    expect(weightsOf(record)).toEqual({ gray: 5, control: 5 });
    expect(record.acts.map(({ kind }) => kind)).toEqual(['start', 'calibrate', 'step']);
    const { evidence } = record.watch;
    expect(Object.values(evidence).map(({ calibrated }) => calibrated?.looks)).toEqual([2, 2]);
  });

  test('judges the A/A looks as if they were a release, and counts false alarms', () => {
    let record = begun({ standing: true, steps: [{ weight: 10 }] });
    for (let look = 1; look <= 320; look += 1) record = looked(record, look, { gray: 10, control: 10 });
    expect(record.rollout).toMatchObject({ state: 'running', step: 0 });
    expect(record.watch.falseAlarms).toMatchObject({ windows: 1, pauses: 0, rollbacks: 0, looks: 320 });
    // Arms that differ on the same code, only after their mock calibration, are a false alarm.
    for (let look = 321; look <= 390; look += 1) {
      record = looked(record, look, { gray: look > 380 ? 200 : 10, control: 10 });
    }
    expect(record.watch.falseAlarms).toMatchObject({ windows: 2, rollbacks: 0, pauses: 1 });
    const { today } = record.watch.falseAlarms ?? {};
    expect(today?.day).toBe(new Date(record.watch.lookedAt).toISOString().slice(0, 10));
    const day = today?.day;
    const midnight = Date.parse(`${day}T00:00:00Z`) + 86_400_000;
    record = looked(record, Math.ceil((midnight - start) / 15_000) + 1, { gray: 10, control: 10 });
    expect(record.watch.falseAlarms).toMatchObject({ windows: 2, today: { windows: 0, pauses: 0 } });
    expect(record.watch.falseAlarms?.today?.day).not.toBe(day);
    expect(record.move).toBe(1);
  });

  test('goes through its steps on healthy looks, and is promoted', () => {
    const record = run(begun(), { gray: 10, control: 10 }, 3000);
    expect(record.rollout.state).toBe('promoted');
    expect(record.acts.map(({ kind, weight }) => [kind, weight])).toEqual([
      ['start', 5],
      ['step', 25],
      ['step', 50],
      ['step', 99],
      ['promote', 99],
    ]);
    expect(record.acts.every(({ author }, index) => index === 0 || author === 'graylane rollout r1')).toBe(
      true,
    );
    expect(record.acts[1]).toMatchObject({
      reason: expect.stringContaining('is excluded'),
      verdict: { action: 'promote' },
    });
  });

  test('keeps a small control for the bake time, and ends', () => {
    const record = run(begun({ bakeSeconds: 60 }), { gray: 10, control: 10 }, 3000);
    const { since } = record.rollout;
    expect(atTime(record, since + 59_000, undefined)).toBe(record);
    const ended = atTime(record, since + 60_000, undefined);
    expect(weightsOf(ended)).toEqual({ gray: 100, control: 0 });
    expect(ended).toMatchObject({ ended: true, finished: false, rollout: { state: 'promoted' } });
  });

  test('is rolled back by a release that is worse, with the sentence and who carried it', () => {
    const record = run(begun(), { gray: 80, control: 10 }, 200);
    expect(record.rollout.state).toBe('rolled_back');
    expect(weightsOf(record)).toEqual({ gray: 0, control: 0 });
    // The fast test has paused it before.
    expect(record.acts.map(({ kind }) => kind)).toEqual(['start', 'pause', 'rollback']);
    const act = record.acts.at(-1);
    expect(act).toMatchObject({
      kind: 'rollback',
      author: 'graylane rollout r1',
      reason: expect.stringMatching(/errors: since .* gray requests .* were bad/),
      carriers: [{ service: 'payments', instance: 'p1' }],
    });
    expect(act?.carriers).toHaveLength(1);
  });

  test('is rolled back during the bake time as well', () => {
    const record = run(begun({ bakeSeconds: 1e6 }), { gray: 10, control: 10 }, 3000);
    expect(run(record, { gray: 200, control: 10 }, 300).rollout.state).toBe('rolled_back');
  });

  test('only pauses in that mode, and moves on by time where it only reports', () => {
    expect(run(begun({ mode: 'pause' }), { gray: 80, control: 10 }, 200).rollout.state).toBe('paused');
    const steps = [
      { weight: 5, minSeconds: 30 },
      { weight: 100, minRequests: 3000 },
    ];
    const reported = run(begun({ mode: 'report', steps }), { gray: 80, control: 10 }, 200);
    expect(reported.rollout.state).toBe('promoted');
    expect(reported.acts.map(({ kind }) => kind)).toEqual(['start', 'step', 'promote']);
  });

  test('holds without a look, and gives the reasons and the age of the data', () => {
    const before = begun();
    const holds = ['payments sends no histogram'] as const;
    const record = afterLook(
      before,
      { holds: [...holds], ageMs: 70_000 } as unknown as LookResponse,
      start + 15_000,
    );
    expect(record.watch).toMatchObject({ holds, ageMs: 70_000, looks: 0, lookedAt: before.watch.lookedAt });
    expect(record.move).toBe(before.move);
  });

  test.each([
    ['an hour late', 3600],
    ['an hour early', -3600],
    ['never', Number.NaN],
  ])('holds at a look that ended %s, and counts nothing', (_when, seconds) => {
    const before = begun();
    const record = afterLook(
      before,
      response({ gray: 80, control: 10 }, start + seconds * 1000),
      start + 15_000,
    );
    expect(record.watch.holds).toEqual([expect.stringContaining('check the clocks')]);
    expect(record.watch.evidence).toBe(before.watch.evidence);
  });

  test.each([
    ['a negative counter', { kind: 'ratio', total: 100, bad: -1 }],
    ['NaN', { kind: 'ratio', total: Number.NaN, bad: 0 }],
    ['other buckets', { kind: 'histogram', bounds: [1], counts: [90, 10] }],
  ] as const)('holds at %s, and gives the reason', (_what, counts) => {
    let record = looked(begun(), 1, { gray: 10, control: 10 });
    for (let look = 2; look <= 40; look += 1) {
      const at = start + look * 15_000;
      const faulty = { at, slis: { errors: { gray: counts, control: counts } } } as unknown as CountedLook;
      record = afterLook(record, { look: faulty, holds: [], parts: [] }, at);
    }
    expect(record.rollout).toMatchObject({ state: 'running', step: 1 });
    expect(record.watch.holds[0]).toMatch(/^errors: /);
  });

  test('stays of bounded size, and survives JSON', () => {
    let record = begun({ mode: 'report', steps: [{ weight: 5, minRequests: 1e12 }] });
    for (let look = 1; look <= 1000; look += 1) record = looked(record, look, { gray: 10, control: 10 });
    expect(record.watch.series.length).toBeLessThanOrEqual(400);
    expect(record.watch.series.at(-1)?.at).toBe(record.watch.lookedAt);
    const json = JSON.stringify(record);
    expect(json.length).toBeLessThan(100_000);
    expect(JSON.parse(json)).toEqual(record);
  });
});

describe('the schedule', () => {
  const friday = { hours: { timeZone: 'UTC', days: ['fri'], from: '09:00', to: '12:01' } };

  test('begins the rollout at its start time, within the working hours', () => {
    const schedule = { start: new Date(start + 60_000).toISOString() };
    const record = begun({ schedule });
    expect(record).toMatchObject({ rollout: { state: 'scheduled' }, move: 0 });
    expect(atTime(record, start + 59_999, undefined)).toBe(record);
    expect(atTime(record, start + 60_000, undefined)).toMatchObject({
      rollout: { state: 'running', step: 1 },
      move: 1,
    });
    const late = begun({
      schedule: { ...schedule, hours: { timeZone: 'Asia/Tokyo', from: '09:00', to: '17:00' } },
    });
    // 12:01 in UTC is 21:01 in Tokyo.
    expect(atTime(late, start + 60_000, undefined)).toBe(late);
  });

  test('lets no step begin outside of the working hours, or in a freeze', () => {
    const freeze = {
      from: new Date(start + 60_000).toISOString(),
      to: new Date(start + 1e9).toISOString(),
      reason: 'sale',
    };
    for (const [schedule, why] of [
      [friday, /working hours \(fri 09:00 to 12:01, UTC\)/],
      [{ freezes: [freeze] }, /frozen from .* \(sale\)/],
    ] as const) {
      const steps = [{ weight: 5, minSeconds: 120 }, { weight: 100 }];
      const record = run(begun({ schedule, steps }), { gray: 10, control: 10 }, 400);
      expect(record.rollout.step).toBe(1);
      expect(record.watch.holds.at(-1)).toMatch(why);
    }
  });

  test('does not begin a rollout outside of the working hours', () => {
    const closed = begun({ schedule: { hours: { timeZone: 'UTC', days: ['sat'] } } });
    expect(closed).toMatchObject({
      rollout: { state: 'scheduled' },
      because: expect.stringContaining('outside of the working hours'),
    });
    expect(atTime(closed, start + 86_400_000, undefined).rollout.state).toBe('running');
  });

  test('does not stop a rollback', () => {
    expect(run(begun({ schedule: friday }), { gray: 80, control: 10 }, 300).rollout.state).toBe(
      'rolled_back',
    );
  });
});

describe('an obstacle', () => {
  test('pauses a running rollout once, with its reason', () => {
    const record = atTime(begun(), start + 5, 'the lane "gray" is killed');
    expect(record).toMatchObject({
      rollout: { state: 'paused', step: 1 },
      because: 'the lane "gray" is killed',
      move: 2,
    });
    expect(atTime(record, start + 6, 'the lane "gray" is killed')).toBe(record);
  });
});

describe('the verdict of a rollout that only reports', () => {
  const report = { mode: 'report' } as const;
  const steps = [{ weight: 50, minSeconds: 1e9 }];
  const read = (record: RolloutRecord, laterMs = 0): string =>
    verdictMetric(record, record.watch.lookedAt + laterMs).verdict;

  test.each([
    ['pass', { gray: 10, control: 10 }, 3000],
    ['fail', { gray: 80, control: 10 }, 200],
    ['inconclusive', { gray: 10, control: 10 }, 3],
  ] as const)('is %s by its evidence, and inconclusive once that is old', (verdict, bad, looks) => {
    const record = run(begun({ steps, ...report }), bad, looks);
    expect(record.rollout).toMatchObject({ state: 'running', step: 1 });
    expect([read(record), read(record, 60_000), read(record, 60_001)]).toEqual([
      verdict,
      verdict,
      'inconclusive',
    ]);
  });

  test('is inconclusive while both arms run the same code', () => {
    const record = run(begun({ steps, ...report, sameCodeLooks: 2000 }), { gray: 10, control: 10 }, 1000);
    expect([record.rollout.step, read(record)]).toEqual([0, 'inconclusive']);
  });
});

describe('an act by hand', () => {
  const hand = { now: start + 1000, author: 'ada', reason: 'a hunch' };

  test('pauses and resumes, judging the release anew', () => {
    const running = run(begun({ mode: 'pause' }), { gray: 80, control: 10 }, 200);
    const resumed = byHand(running, 'resume', { ...hand, now: running.watch.lookedAt });
    expect(resumed).toMatchObject({ rollout: { state: 'running', step: 1, requestsBefore: 0 }, attempt: 2 });
    expect(resumed.watch.verdict).toBeUndefined();
    const after = looked(resumed, 500, { gray: 10, control: 10 });
    expect(after.rollout.state).toBe('running');
    expect(after.watch.verdict?.looks).toBe(1);
  });

  test('is noted with its author and reason', () => {
    const paused = byHand(begun(), 'pause', hand);
    expect(paused.acts.at(-1)).toMatchObject({
      kind: 'pause',
      author: 'ada',
      reason: 'a hunch',
      state: 'paused',
    });
    expect(byHand(begun(), 'rollback', { now: start, author: 'ada' }).because).toBe('rollback by hand');
  });

  test('promotes one step, or to the end, and ends the bake time', () => {
    const once = byHand(byHand(begun(), 'pause', hand), 'promote', hand);
    expect(once.rollout).toMatchObject({ state: 'running', step: 2 });
    const full = byHand(once, 'promote', { ...hand, full: true });
    expect(full.rollout).toMatchObject({ state: 'promoted', step: 4 });
    expect(weightsOf(byHand(full, 'promote', hand))).toEqual({ gray: 100, control: 0 });
    expect(byHand(begun({ schedule: { start: '2099-01-01T00:00:00Z' } }), 'promote', hand).rollout.step).toBe(
      1,
    );
    expect(byHand(begun({ sameCodeLooks: 20 }), 'promote', hand).rollout.step).toBe(1);
  });

  test('rolls back, tries again, and finishes', () => {
    const back = byHand(begun(), 'rollback', hand);
    expect(weightsOf(back)).toEqual({ gray: 0, control: 0 });
    const again = byHand(back, 'resume', hand);
    expect(again).toMatchObject({ rollout: { state: 'running', step: 1 }, attempt: 2 });
    expect(byHand(back, 'finish', hand)).toMatchObject({ finished: true, rollout: { state: 'rolled_back' } });
  });

  test('ends standing lanes, and a rollout that has not begun, at once', () => {
    const standing = begun({ standing: true, steps: [{ weight: 10 }] });
    expect(byHand(standing, 'rollback', hand)).toMatchObject({ finished: true });
    const scheduled = begun({ schedule: { start: '2099-01-01T00:00:00Z' } });
    expect(byHand(scheduled, 'rollback', hand)).toMatchObject({ finished: true });
  });

  test.each<[state: string, record: RolloutRecord, allowed: readonly string[]]>([
    ['running', begun(), ['pause', 'promote', 'rollback']],
    ['paused', byHand(begun(), 'pause', hand), ['resume', 'promote', 'rollback']],
    ['rolled back', byHand(begun(), 'rollback', hand), ['resume', 'finish']],
    ['promoted', byHand(begun(), 'promote', { ...hand, full: true }), ['promote', 'rollback', 'finish']],
    ['scheduled', begun({ schedule: { start: '2099-01-01T00:00:00Z' } }), ['promote', 'rollback']],
    ['finished', byHand(byHand(begun(), 'rollback', hand), 'finish', hand), []],
  ])('is refused where the rollout is %s and it makes no sense', (_state, record, allowed) => {
    const possible = actsByHand.filter((act) => {
      try {
        byHand(record, act, hand);
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'conflict', message: expect.stringContaining('r1') });
        return false;
      }
    });
    expect(possible).toEqual(allowed);
  });
});

describe('a later rollout of the same arms', () => {
  test('keeps their units and their A/A looks', () => {
    let first = begun({ sameCodeLooks: 20 });
    for (let look = 1; first.rollout.step === 0; look += 1)
      first = looked(first, look, { gray: 10, control: 10 });
    const options = { earlier: first, now: first.watch.lookedAt + 1000 };
    const next = begun({ sameCodeLooks: 20 }, options);
    expect(next).toMatchObject({ seed: first.seed, rollout: { step: 1 } });
    // Requests that have shown no autocorrelation need no newer A/A looks, and no more of them.
    const hours = { ...options, now: first.watch.lookedAt + 3_600_000 };
    expect(begun({ sameCodeLooks: 60 }, hours).rollout.step).toBe(1);
    // An SLI that had no A/A looks does.
    const slis = [errors, { ...errors, name: 'other' }];
    expect(begun({ sameCodeLooks: 20, slis }, options).rollout.step).toBe(0);
  });

  test.each([
    ['a little, while they are valid', 8, 1],
    ['a lot', 20, 0],
  ])('takes A/A looks anew where those of requests were bursty: %s', (_how, amplitude, step) => {
    let first = begun({ sameCodeLooks: 60 });
    for (let look = 1; first.rollout.step === 0; look += 1) {
      const burst = Math.round(amplitude * Math.sin(look / 3)) + ((look * 8) % 19) - 9;
      first = looked(first, look, { gray: 60 + burst, control: 60 });
    }
    const soon = { earlier: first, now: first.watch.lookedAt + 1000 };
    expect(begun({ sameCodeLooks: 60 }, soon).rollout.step).toBe(step);
    const hours = { ...soon, now: first.watch.lookedAt + 7_200_000 };
    expect(begun({ sameCodeLooks: 60 }, hours).rollout.step).toBe(0);
  });

  test('judges its release by its own looks', () => {
    const bad = run(begun(), { gray: 80, control: 10 }, 200);
    const next = begun({}, { earlier: bad, now: bad.watch.lookedAt, id: 'r2' });
    const record = looked(next, 900, { gray: 10, control: 10 });
    expect(record.watch.verdict).toMatchObject({ looks: 1, action: 'hold' });
  });
});

interface BeginOptions {
  readonly earlier?: RolloutRecord;
  readonly now?: number;
  readonly id?: string;
}

function begun(
  change: Record<string, unknown> = {},
  { earlier, now = start, id = 'r1' }: BeginOptions = {},
): RolloutRecord {
  const { mode, slis, ...others } = change;
  const guard = {
    ...byRequest.guard,
    ...(mode !== undefined && { mode }),
    ...(slis !== undefined && { slis }),
  };
  return begin({
    id,
    definition: readDefinition({ ...byRequest, ...others, guard }),
    defaultMode: 'pause',
    original: dyeRule,
    earlier,
    seed: 'gray-1',
    now,
    author: 'ada',
    reason: undefined,
  });
}

interface Bad {
  readonly gray: number;
  readonly control: number;
}

/** 1,000 requests in each arm, some of them bad; a few more or fewer in every other look. */
function response({ gray, control }: Bad, at: number, look = 0): LookResponse {
  const bad = (count: number, shift: number): number => count + ((look + shift) % 3);
  const [one, other] = [bad(gray, 0), bad(control, 1)];
  return {
    look: {
      at,
      slis: {
        errors: {
          gray: { kind: 'ratio', total: 1000, bad: one },
          control: { kind: 'ratio', total: 1000, bad: other },
        },
      },
    },
    holds: [],
    parts: ['p1', 'p2'].map((instance) => ({
      sli: 'errors',
      service: 'payments',
      instance,
      gray: { requests: 500, bad: instance === 'p1' ? one : 0, seconds: 10 },
      control: { requests: 500, bad: other / 2, seconds: 10 },
    })),
  };
}

function looked(record: RolloutRecord, look: number, bad: Bad): RolloutRecord {
  const at = start + look * 15_000;
  return afterLook(record, response(bad, at, look), at);
}

/** Looks until the guard can do no more, or so many times. */
function run(record: RolloutRecord, bad: Bad, looks: number): RolloutRecord {
  let now = record;
  const first = Math.ceil((record.watch.lookedAt - start) / 15_000) + 1;
  for (let look = first; look < first + looks; look += 1) {
    now = looked(now, look, bad);
    const { state } = now.rollout;
    if (state !== record.rollout.state && state !== 'paused') break;
  }
  return now;
}
