import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkFlag, compileFlags, evaluate, type EvaluationContext } from '@graylane/flags';
import { readDefinition } from '../../src/rollouts/definition/read-definition.ts';
import { checkRule } from '../../src/rollouts/targeting/check-rule.ts';
import {
  compileDyeRule,
  ownerOf,
  restoreDyeRule,
  type FlagDefinition,
} from '../../src/rollouts/targeting/dye-rule.ts';
import { weightsAt, type Weights } from '../../src/rollouts/targeting/weights.ts';
import { dyeRule, request } from './rollout-requests.ts';

const definition = readDefinition(request);
const hashes = ['v1', 'v2', 'v3'] as const;
const seed = 'gray-4f7d';

interface Run {
  readonly rule?: FlagDefinition;
  readonly change?: object;
  readonly seed?: string;
  readonly hash?: (typeof hashes)[number];
}

/** The lane of a request while the arms have these weights. */
function lanes(
  weights: Weights,
  { rule = dyeRule, change = {}, hash = 'v2', ...options }: Run = {},
): (context: EvaluationContext) => string {
  const compiled = compileDyeRule(rule, {
    id: 'r1',
    move: 1,
    definition: readDefinition({ ...request, ...change }),
    seed: options.seed ?? seed,
    weights,
  });
  expect(checkFlag('lane', compiled)).toEqual([]);
  const flags = compileFlags({ flags: { lane: compiled } }, { fractionalHash: hash });
  return (context) => String(evaluate(flags, 'lane', context).value);
}

const users = Array.from({ length: 4000 }, (_, index) => ({ targetingKey: `user-${index}` }));
const weight = fc.integer({ min: 1, max: 10_000 }).map((hundredths) => hundredths / 100);
const bakeWeight = fc.constantFrom(0.5, 1, 2, 10);

describe.each(hashes)('the dye rule of a rollout, with the hash %s', (hash) => {
  test('gives each arm its share', () => {
    for (const step of [5, 25, 50]) {
      const lane = lanes(weightsAt(step, 1), { hash });
      const seen = users.map(lane);
      for (const arm of ['gray', 'gray-control']) {
        const share = seen.filter((one) => one === arm).length / users.length;
        expect(Math.abs(share - step / 100)).toBeLessThan(0.035);
      }
    }
  });

  test('moves no unit from control to gray up to 50 %, and none out of gray', () => {
    fc.assert(
      fc.property(
        weight,
        weight,
        bakeWeight,
        fc.array(fc.string(), { minLength: 100, maxLength: 400 }),
        (one, two, bake, keys) => {
          const [low, high] = [Math.min(one, two), Math.max(one, two)];
          const change = { steps: [{ weight: 0.25 }, { weight: 100 }], bakeWeight: bake };
          const before = lanes(weightsAt(low, bake), { hash, change });
          const after = lanes(weightsAt(high, bake), { hash, change });
          for (const targetingKey of keys) {
            const [was, is] = [before({ targetingKey }), after({ targetingKey })];
            if (was === 'gray') expect(is).toBe('gray');
            if (was === 'gray-control' && high <= 50) expect(is).toBe('gray-control');
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('moves no unit as a rollout with whole percents goes through its steps', () => {
    const steps = [1, 5, 10, 25, 50, 75, 100];
    const change = { steps: steps.map((step) => ({ weight: step })) };
    const all = steps.map((step) => lanes(weightsAt(step, 1), { hash, change }));
    for (const user of users) {
      const seen = all.map((lane) => lane(user));
      const gray = seen.indexOf('gray');
      if (gray >= 0) expect(new Set(seen.slice(gray))).toEqual(new Set(['gray']));
      const control = seen.indexOf('gray-control');
      if (control >= 0)
        expect(new Set(seen.slice(control, 5))).toEqual(new Set(control < 5 ? ['gray-control'] : []));
    }
  });

  test('shares no buckets with a rollout of another seed', () => {
    const [one, other] = [
      lanes(weightsAt(50, 1), { hash }),
      lanes(weightsAt(50, 1), { hash, seed: 'other' }),
    ];
    const both = users.filter((user) => one(user) === 'gray' && other(user) === 'gray').length;
    expect(Math.abs(both / users.length - 0.25)).toBeLessThan(0.035);
  });

  test('leaves a unit without the key in baseline, and takes numbers as keys', () => {
    const lane = lanes(weightsAt(50, 1), { hash, change: { unit: 'tenant' } });
    for (const context of [{}, { tenant: '' }, { targetingKey: 'ada' }])
      expect(lane(context)).toBe('baseline');
    const tenants = Array.from({ length: 200 }, (_, tenant) => lane({ tenant: tenant + 1 }));
    expect(new Set(tenants)).toEqual(new Set(['gray', 'gray-control']));
  });
});

describe('the dye rule of a rollout', () => {
  const old = { if: [{ '==': [{ var: 'tenant' }, 'team-a'] }, 'team-a'] };
  const rule = { ...dyeRule, variants: { ...dyeRule.variants, 'team-a': 'team-a' }, targeting: old };
  const eligible = { '==': [{ var: 'region' }, 'cn'] };

  test('serves units that are not eligible by the rule of before', () => {
    const lane = lanes(weightsAt(50, 1), { rule, change: { eligible } });
    expect(lane({ targetingKey: 'ada', tenant: 'team-a' })).toBe('team-a');
    expect(lane({ targetingKey: 'ada' })).toBe('baseline');
    const seen = users.map((user) => lane({ ...user, region: 'cn', tenant: 'team-a' }));
    expect(new Set(seen)).toEqual(new Set(['gray', 'gray-control']));
  });

  test('yields the lane to no unit at the weight 0', () => {
    const lane = lanes({ gray: 0, control: 0 }, { rule });
    expect(new Set(users.map((user) => lane({ ...user, tenant: 'team-a' })))).toEqual(new Set(['baseline']));
  });

  test('keeps gray and a small control at 100 %', () => {
    const seen = users.map(lanes(weightsAt(100, 1)));
    expect(new Set(seen)).toEqual(new Set(['gray', 'gray-control']));
    expect(seen.filter((lane) => lane === 'gray-control').length).toBeLessThan(80);
  });

  test('uses the variants that have the lanes as values, and adds those that are missing', () => {
    const named = { ...dyeRule, variants: { off: 'baseline', canary: 'gray' }, defaultVariant: 'off' };
    const compiled = compileDyeRule(named, { id: 'r1', move: 3, definition, seed, weights: weightsAt(5, 1) });
    expect(compiled['variants']).toEqual({ off: 'baseline', canary: 'gray', 'gray-control': 'gray-control' });
    expect(JSON.stringify(compiled['targeting'])).toContain('["canary",5],["off",90],["gray-control",5]');
  });

  test('names its rollout and revision, and returns to what it was', () => {
    const described = { ...rule, metadata: { description: 'who is gray' } };
    const options = { id: 'r1', move: 3, definition, seed, weights: weightsAt(5, 1) };
    const compiled = compileDyeRule(described, options);
    expect(ownerOf(compiled)).toEqual({ id: 'r1', move: 3 });
    const variants = { ...rule.variants, 'gray-control': 'gray-control' };
    expect(restoreDyeRule(compiled, described)).toEqual({ ...described, variants });
    const plain = compileDyeRule(dyeRule, options);
    expect(restoreDyeRule(plain, dyeRule)).not.toHaveProperty('targeting');
    expect(ownerOf(restoreDyeRule(plain, dyeRule))).toBeUndefined();
  });
});

describe('a rollout is refused', () => {
  const check = (flag: unknown, change: object = {}, more: Record<string, unknown> = {}): object[] => {
    const document = {
      $evaluators: { insider: { '==': [{ var: 'tenant' }, 'internal'] } },
      flags: { lane: flag, ...more },
    };
    return [
      ...checkRule(readDefinition({ ...request, ...change }), {
        flags: compileFlags(document),
        shared: { $evaluators: document.$evaluators },
      }),
    ];
  };
  const eligible = { '==': [{ var: 'region' }, 'cn'] };
  const fees = {
    state: 'ENABLED',
    variants: { on: true, off: false },
    defaultVariant: 'off',
    targeting: { if: [{ and: [{ '==': [{ var: 'lane' }, 'gray'] }, true] }, 'on'] },
  };

  test('of no sound dye rule', () => {
    expect(check(dyeRule)).toEqual([]);
    expect(check(dyeRule, { eligible: { $ref: 'insider' } })).toEqual([]);
  });

  test('for a flag that does not exist, with those that do', () => {
    expect(check(dyeRule, { flag: 'lanes' })).toEqual([
      { path: '$.flag', message: 'there is no flag "lanes"', remedy: 'use one of the dye rules: lane' },
    ]);
  });

  test('for another flag, with the lane that its targeting reads', () => {
    const [problem] = check(dyeRule, { flag: 'fees' }, { fees });
    expect(problem).toMatchObject({ path: '$.flag', remedy: expect.stringContaining('"lane": "gray"') });
    const [without] = check(dyeRule, { flag: 'fees' }, { fees: { ...fees, targeting: undefined } });
    expect(without).toMatchObject({ remedy: expect.stringContaining('let its targeting read the lane') });
  });

  test('for a dye rule that is disabled, or dyes by default', () => {
    expect(check({ ...dyeRule, state: 'DISABLED' })).toMatchObject([{ remedy: 'enable it first' }]);
    expect(check({ ...dyeRule, defaultVariant: 'gray' })).toMatchObject([
      { remedy: expect.stringContaining('make "baseline" the default') },
    ]);
  });

  test('where a variant has the name of the lane and another value', () => {
    const variants = { ...dyeRule.variants, 'gray-control': 'gray' };
    expect(check({ ...dyeRule, variants })).toMatchObject([
      { path: '$.lane', message: expect.stringContaining('"gray-control"') },
    ]);
  });

  test('for a condition that is faulty, at its path', () => {
    expect(check(dyeRule, { eligible: { iff: [] } })).toMatchObject([{ path: '$.eligible.iff' }]);
    expect(check(dyeRule, { eligible: { $ref: 'nobody' } })).toMatchObject([{ path: '$.eligible.$ref' }]);
  });

  test.each<[what: string, targeting: unknown]>([
    ['by a condition', { if: [{ '==': [{ var: 'tenant' }, 'internal'] }, 'gray'] }],
    ['otherwise', { if: [{ '==': [{ var: 'tenant' }, 'internal'] }, 'baseline', 'gray'] }],
    [
      'by a fraction',
      {
        fractional: [
          ['gray', 5],
          ['baseline', 95],
        ],
      },
    ],
    ['by "or"', { or: [{ var: 'x' }, 'gray'] }],
    ['to control', { if: [true, 'gray-control'] }],
    ['by a variable', { var: 'wanted' }],
    ['by a computed name', { cat: ['gr', 'ay'] }],
    ['by a shared rule', { $ref: 'unknown' }],
  ])('while the old rule can yield the lane %s', (_what, targeting) => {
    const rule = { ...dyeRule, variants: { ...dyeRule.variants, 'gray-control': 'gray-control' }, targeting };
    expect(check(rule, { eligible })).toMatchObject([
      { path: '$.eligible', remedy: expect.stringContaining('leave "eligible" out') },
    ]);
    expect(check(rule)).toEqual([]);
  });

  test('not for an old rule that yields other lanes', () => {
    const variants = { ...dyeRule.variants, 'team-a': 'team-a' };
    const targeting = {
      if: [
        { $ref: 'insider' },
        'team-a',
        {
          fractional: [
            ['gray', 0],
            ['baseline', 100],
          ],
        },
      ],
    };
    expect(check({ ...dyeRule, variants, targeting }, { eligible })).toEqual([]);
  });
});
