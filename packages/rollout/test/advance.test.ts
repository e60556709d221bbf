import { describe, expect, test } from 'vitest';
import { advance, judge, RolloutError, type Rollout, type Verdict } from '../src/index.ts';
import { errors } from './looks.ts';

const start = Date.UTC(2026, 0, 1);
const rollout: Rollout = {
  state: 'running',
  step: 1,
  since: start,
  steps: [{ weight: 5, minSeconds: 60, minRequests: 500 }, { weight: 50 }, { weight: 100 }],
};
const { verdict: sample } = judge(undefined, errors(1, [1, 50], [1, 50]), { unit: 'request' });
const says = (action: Verdict['action'], requests = 1000): Verdict => ({
  ...sample,
  action,
  requests: { gray: requests, control: requests + 7 },
});
const after = (seconds: number): Date => new Date(start + seconds * 1000);

describe('advance', () => {
  test('goes one step on when the verdict promotes and the step has had its time and its requests', () => {
    const next = advance(rollout, says('promote'), after(60));
    expect(next).toEqual({ ...rollout, step: 2, since: start + 60_000, requestsBefore: 1000 });
    expect(advance(rollout, says('promote'), after(59))).toBe(rollout);
    expect(advance(rollout, says('promote', 499), after(60))).toBe(rollout);
  });

  test('counts the requests of the step alone', () => {
    const second: Rollout = { ...rollout, requestsBefore: 600 };
    expect(advance(second, says('promote', 1000), after(60)).step).toBe(1);
    expect(advance(second, says('promote', 1100), after(60)).step).toBe(2);
  });

  test('promotes from the last step', () => {
    const last: Rollout = { ...rollout, step: 3 };
    expect(advance(last, says('promote'), after(5))).toEqual({
      ...last,
      state: 'promoted',
      since: start + 5000,
    });
  });

  test.each([
    ['rollback', 'rolled_back'],
    ['pause', 'paused'],
  ] as const)('%s applies at once', (action, state) => {
    expect(advance(rollout, says(action), after(1))).toEqual({ ...rollout, state, since: start + 1000 });
  });

  test('changes nothing on a hold, however long it lasts', () => {
    expect(advance(rollout, says('hold', 1e9), after(1e6))).toBe(rollout);
  });

  test.each(['scheduled', 'paused', 'promoted', 'rolled_back'] as const)(
    'changes nothing while %s',
    (state) => {
      const resting = { ...rollout, state };
      for (const action of ['promote', 'rollback', 'pause'] as const) {
        expect(advance(resting, says(action), after(100))).toBe(resting);
      }
    },
  );

  test('begins the first step after the A/A looks', () => {
    const before: Rollout = { ...rollout, step: 0, sameCodeLooks: 60 };
    const looks = (count: number): Verdict => ({
      ...says('hold'),
      calibration: { looks: count, validUntil: 0, drifts: false, blindBelow: {} },
    });
    expect(advance(before, looks(59), after(900)).step).toBe(0);
    expect(advance(before, looks(60), after(900)).step).toBe(1);
    expect(advance({ ...before, sameCodeLooks: 0 }, says('hold'), after(0)).step).toBe(1);
  });

  test('moves on by time and requests alone where the guard only reports', () => {
    const reporting: Rollout = { ...rollout, reportOnly: true };
    expect(advance(reporting, says('hold'), after(59)).step).toBe(1);
    expect(advance(reporting, says('hold'), after(60)).step).toBe(2);
  });

  test('survives JSON', () => {
    expect(JSON.parse(JSON.stringify(advance(rollout, says('promote'), after(60))))).toEqual(
      advance(rollout, says('promote'), after(60)),
    );
  });

  test.each([
    { ...rollout, steps: [] },
    { ...rollout, step: 4 },
    { ...rollout, step: 0.5 },
  ])('refuses a step that does not exist', (broken) => {
    expect(() => advance(broken, says('hold'), after(0))).toThrow(RolloutError);
  });
});
