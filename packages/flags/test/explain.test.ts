import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileFlags, evaluate, explain, type ExplainedStep, type Explanation } from '../src/index.ts';
import { operators } from '../src/rule/operators/index.ts';

const variants = { on: true, off: false, gray: 'g', 1: 'one', true: 'yes' };
const evaluators = { internal: { '==': [{ var: 'tenant' }, 'internal'] }, plain: 'gray' };

describe('an explanation', () => {
  test('shows the conditions that were tried, the values they read and the branch taken', () => {
    const { evaluation, rule } = explained(
      {
        if: [
          { in: [{ var: 'region' }, ['cn', 'de']] },
          'on',
          { and: [{ '==': [{ var: 'user.plan' }, 'pro'] }, { var: 'beta' }, { var: 'unread' }] },
          'gray',
          { $ref: 'internal' },
          'gray',
          { '==': [{ var: 'never' }, 'tried'] },
          'on',
        ],
      },
      { region: 'fr', user: { plan: 'pro' }, tenant: 'internal' },
    );
    expect(evaluation).toMatchObject({ variant: 'gray', reason: 'TARGETING_MATCH' });
    expect(rule).toMatchObject({ path: '$.flags.f.targeting', operator: 'if', operands: [], result: 'gray' });
    const operandAt = (index: number): string => `$.flags.f.targeting.if[${index}]`;
    expect(rule?.choice).toEqual({
      conditions: [
        { path: operandAt(0), value: false, holds: false, step: 0 },
        { path: operandAt(2), value: null, holds: false, step: 1 },
        { path: operandAt(4), value: true, holds: true, step: 2 },
      ],
      omitted: 0,
      taken: operandAt(5),
    });
    const [membership, and, reference] = rule?.steps ?? [];
    expect(membership).toEqual({
      path: operandAt(0),
      operator: 'in',
      operands: [{ value: 'fr', step: 0 }, { value: ['cn', 'de'] }],
      result: false,
      steps: [
        {
          path: `${operandAt(0)}.in[0]`,
          operator: 'var',
          operands: [{ value: 'region' }],
          result: 'fr',
          reads: [{ path: 'region', value: 'fr', present: true, ofElement: false }],
          steps: [],
        },
      ],
    });
    expect(and?.operands).toEqual([{ value: true, step: 0 }, { value: null, step: 1 }, {}]);
    expect(and?.steps[1]?.reads).toEqual([{ path: 'beta', value: null, present: false, ofElement: false }]);
    expect(reference).toMatchObject({ operator: '$ref', operands: [{ value: 'internal', step: 0 }] });
    expect(reference?.steps[0]).toMatchObject({ path: '$["$evaluators"].internal', operator: '==' });
  });

  test.each([
    ['v2', undefined, 'fada', 'targetingKey'],
    ['v3', undefined, ['f', 'ada'], 'targetingKey'],
    ['v1', { var: 'targetingKey' }, 'ada', 'operand'],
    ['v2', { cat: ['salt-', { var: 'targetingKey' }] }, 'salt-ada', 'operand'],
    ['v3', 7, 7, 'operand'],
  ] as const)('draws the bucket of hash %s with the first operand %j', (hash, first, key, keyFrom) => {
    const buckets = [
      ['on', 30],
      ['off', 50],
      ['gray', 20],
    ];
    const operands = first === undefined ? buckets : [first, ...buckets];
    const document = documentOf({ fractional: operands });
    const set = compileFlags(document, { fractionalHash: hash });
    const { rule } = explain(set, 'f', { targetingKey: 'ada' });
    const { bucket } = rule ?? {};
    expect(bucket).toMatchObject({ hash, key, keyFrom, totalWeight: 100 });
    const ends = [30, 80, 100];
    for (const [index, { from, to }] of (bucket?.ranges ?? []).entries()) {
      expect(from).toBeCloseTo(ends[index - 1] ?? 0, 4);
      expect(to).toBeCloseTo(ends[index] ?? 0, 4);
    }
    const taken = bucket?.ranges.find((range) => range.taken);
    expect(taken?.variant).toBe(rule?.result);
    expect(bucket?.position).toBeGreaterThanOrEqual(taken?.from ?? Number.NaN);
    expect(bucket?.position).toBeLessThan(taken?.to ?? Number.NaN);
  });

  test('has no position without a bucket key, and no ranges with wrong weights', () => {
    const weightless = explained({ fractional: [['on', 0]] }, { targetingKey: 'ada' }).rule;
    expect(weightless).toMatchObject({ result: null, bucket: { key: 'fada', ranges: [] } });
    const { rule } = explained({ fractional: [['on', 1]] }, {});
    expect(rule).toMatchObject({ result: null, bucket: { ranges: [{ taken: false }] } });
    expect(rule?.bucket).not.toHaveProperty('key');
    expect(rule?.reads).toEqual([{ path: 'targetingKey', value: null, present: false, ofElement: false }]);
  });

  test('shows versions as they were compared', () => {
    const versions = (app: unknown): unknown =>
      explained({ sem_ver: [{ var: 'app' }, '>=', '1.2.0'] }, { app }).rule?.versions;
    expect(versions('v1.3')).toEqual(['1.3.0', '1.2.0']);
    expect(versions('1.2.0-rc.1+build')).toEqual(['1.2.0-rc.1', '1.2.0']);
    expect(versions('latest')).toEqual([null, '1.2.0']);
  });

  test('shows the elements of a loop, and keeps the first and the last of a long one', () => {
    const rule = { some: [{ var: 'groups' }, { '==': [{ var: 'name' }, 'g2999'] }] };
    const groups = Array.from({ length: 3000 }, (_, index) => ({ name: `g${index}` }));
    const { rule: step } = explained({ if: [rule, 'gray'] }, { groups });
    const loop = step?.steps[0] as ExplainedStep;
    expect(loop.operands[1]).toEqual({});
    expect(loop.omitted).toBeGreaterThan(3000);
    expect(loop.steps[1]).toMatchObject({ operator: '==', result: false });
    expect(loop.steps[1]?.steps[0]?.reads?.[0]).toMatchObject({ path: 'name', value: 'g0', ofElement: true });
    expect(loop.steps.at(-1)).toMatchObject({ result: true, operands: [{ value: 'g2999' }, {}] });
    expect(stepsOf(step).length + (loop.omitted ?? 0)).toBe(3 + 2 * 3000);
  });

  test('names the step that failed', () => {
    const long = 'x'.repeat(600_000);
    const { evaluation, rule } = explained({ if: [{ cat: [long, { var: 'long' }] }, 'on'] }, { long });
    expect(evaluation.errorCode).toBe('GENERAL');
    expect(rule?.error).toMatch(/more than 1000000 characters/);
    expect(rule?.steps[0]).toMatchObject({ operator: 'cat', error: rule?.error });
    expect(rule?.choice).toEqual({ conditions: [], omitted: 0 });
  });

  test.each([
    ['an unknown flag', 'other', {}],
    ['a disabled flag', 'f', { state: 'DISABLED', targeting: { var: 'x' } }],
    ['a flag without a rule', 'f', { targeting: {} }],
    ['a broken rule', 'f', { targeting: { nonsense: 1 } }],
    ['a flag without variants', 'f', { variants: {}, targeting: { var: 'x' } }],
  ])('has no steps for %s', (_name, key, members) => {
    const document = { flags: { f: { state: 'ENABLED', variants, defaultVariant: 'off', ...members } } };
    const set = compileFlags(document);
    const { rule, evaluation } = explain(set, key, {}, { now: 0 });
    expect(rule).toBeUndefined();
    expect(evaluation).toEqual(evaluate(set, key, {}, { now: 0 }));
  });

  test('shows the default of a rule that returns null, at the clock that was given', () => {
    const rule = { if: [{ '<': [{ var: '$flagd.timestamp' }, 5] }, 'on'] };
    expect(explained(rule, {}, 4999)).toMatchObject({ now: 4999, evaluation: { variant: 'on' } });
    const late = explained(rule, {}, 5000);
    expect(late).toMatchObject({ evaluation: { variant: 'off', reason: 'DEFAULT' }, rule: { result: null } });
    expect(late.rule?.choice).not.toHaveProperty('taken');
  });
});

describe('an explanation is bounded', () => {
  const texts = Array.from({ length: 100_000 }, (_, index) => `s${index}`);
  const cases: [string, unknown][] = [
    ['a loop over 100,000', { some: [{ var: 'texts' }, { '==': [{ var: '' }, 1] }] }],
    [
      'a loop in a loop',
      { some: [{ var: 'few' }, { some: [{ merge: texts.slice(0, 900) }, { '==': [{ var: '' }, 1] }] }] },
    ],
    ['long values', { in: [{ var: 'long' }, { cat: [{ var: 'long' }, 'x'] }] }],
    ['a list of 100,000', { in: ['no', texts] }],
    ['2,000 branches', { if: texts.slice(0, 2000).flatMap((name) => [{ '==': [{ var: name }, 1] }, 'on']) }],
    ['1,000 buckets', { fractional: texts.slice(0, 1000).map((name) => [name, 1]) }],
    [
      '1,000 buckets in a loop',
      {
        some: [
          { var: 'few' },
          { '!': { fractional: [{ var: '' }, ...texts.slice(0, 1000).map((name) => [name, 1])] } },
        ],
      },
    ],
    ['deep rules', deep(90)],
    ['the whole context', { var: '' }],
  ];

  test.each(cases)('for %s', (_name, rule) => {
    const context = { targetingKey: 'ada', texts, few: texts.slice(0, 100), long: 'y'.repeat(400_000) };
    const explanation = explained({ if: [rule, 'on'] }, context);
    expect(explanation.rule?.operator).toBe('if');
    expect(stepsOf(explanation.rule).length).toBeLessThanOrEqual(500);
    expect(JSON.stringify(explanation).length).toBeLessThan(500_000);
  });

  test('in its use of a context whose getters throw', () => {
    const context = {
      get trap(): never {
        throw new Error('sprung');
      },
    };
    const set = compileFlags(documentOf({ if: [{ '!': { var: 'trap' } }, 'on'] }));
    const { evaluation, rule } = explain(set, 'f', context);
    expect(evaluation.errorMessage).toMatch(/sprung/);
    expect(rule?.steps[0]?.steps[0]).toMatchObject({ operator: 'var', error: 'sprung' });
    expect(rule?.steps[0]?.steps[0]?.path).toBe('$.flags.f.targeting.if[0]["!"]');
  });
});

const name = fc.constantFrom('a', 'n', 'list', 'deep.x', 'targetingKey', 'absent', '$flagd.flagKey', '');
const leaf = fc.oneof(
  name.map((path) => ({ var: path })),
  fc.constantFrom<unknown>('on', 'off', 'gray', 'nobody', 1, 0, true, false, null, '1.2.3', [], ['on', 2]),
);
const tree = fc.letrec((tie) => ({
  operand: fc.oneof({ maxDepth: 5, depthSize: 'small' }, { weight: 2, arbitrary: leaf }, tie('operation')),
  operation: fc.oneof(
    { maxDepth: 5 },
    operation(fc.constantFrom(...operators.keys()), fc.array(tie('operand'), { maxLength: 5 })),
    operation(fc.constantFrom('!', '!!', 'var', 'and', 'if', 'cat', 'missing'), tie('operand')),
    operation(fc.constant('if'), fc.array(tie('operand'), { minLength: 2, maxLength: 7 })),
    operation(fc.constantFrom('if', 'and', 'or'), fc.array(tie('operation'), { minLength: 1, maxLength: 5 })),
    operation(
      fc.constantFrom('map', 'filter', 'all', 'some', 'none'),
      fc.tuple(fc.constantFrom<unknown>({ var: 'list' }, [1, 2]), tie('operand')),
    ),
    operation(
      fc.constant('fractional'),
      fc.array(
        fc.oneof(
          fc.tuple(fc.constantFrom('on', 'gray', 'off'), fc.nat({ max: 50 })),
          fc.tuple(tie('operand'), fc.constant(3)),
        ),
        { minLength: 1, maxLength: 4 },
      ),
    ),
    operation(
      fc.constant('fractional'),
      fc.tuple(tie('operand'), fc.constant(['on', 1]), fc.constant(['gray', 2])),
    ),
    operation(
      fc.constant('sem_ver'),
      fc.tuple(tie('operand'), fc.constantFrom('=', '>=', '^'), fc.constantFrom('1.2.0', '1.2.3')),
    ),
    operation(fc.constant('$ref'), fc.constantFrom('internal', 'plain')),
  ),
}));
const context = fc.record(
  {
    targetingKey: fc.string({ maxLength: 5 }),
    a: fc.constantFrom('on', 'gray', 'x', ''),
    n: fc.constantFrom<unknown>(0, 1, -1, Number.NaN, '1.2.4'),
    list: fc.array(fc.constantFrom<unknown>('on', 1, null, { a: 'on' }), { maxLength: 4 }),
    deep: fc.record({ x: fc.constantFrom<unknown>('gray', [1], { y: 1 }) }),
    tenant: fc.constantFrom('internal', 'acme'),
  },
  { requiredKeys: [] },
);

describe('whatever the rule and the context are', () => {
  test('an explanation has the evaluation of evaluate, and its steps lead to it', () => {
    const reached = { matches: 0, defaults: 0, buckets: 0, choices: 0 };
    fc.assert(
      fc.property(
        tree.operation,
        context,
        fc.constantFrom('v1', 'v2', 'v3'),
        (rule, data, fractionalHash) => {
          // As from a document: no two parts are one object.
          const document = JSON.parse(JSON.stringify(documentOf(rule))) as object;
          const set = compileFlags(document, { fractionalHash });
          const explanation = explain(set, 'f', data, { now: 0 });
          const { evaluation } = explanation;
          expect(evaluation).toEqual(evaluate(set, 'f', data, { now: 0 }));
          expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
          if (evaluation.errorCode === 'PARSE_ERROR') return;
          const top = explanation.rule as ExplainedStep;
          if (evaluation.reason === 'TARGETING_MATCH') {
            expect(String(top.result)).toBe(evaluation.variant);
            reached.matches += 1;
          } else if (evaluation.reason === 'DEFAULT') {
            expect(top.result).toBeNull();
            reached.defaults += 1;
          } else expect(top.error ?? String(top.result)).not.toBe('null');
          for (const step of stepsOf(top)) {
            expect(Object.keys(valueAt(document, step.path) as object), step.path).toEqual([step.operator]);
            const taken = step.bucket?.ranges.find((range) => range.taken);
            if (step.bucket) {
              expect(taken?.variant ?? null).toEqual(step.result ?? null);
              reached.buckets += taken ? 1 : 0;
            }
            if (step.choice?.taken === undefined || !('result' in step)) continue;
            const written = valueAt(document, step.choice.taken);
            const made = step.steps.findLast(({ path }) => path === step.choice?.taken);
            if (made ?? typeof written !== 'object')
              expect(step.result).toEqual(made ? made.result : written);
            reached.choices += 1;
          }
        },
      ),
      { numRuns: 5000 },
    );
    for (const [what, times] of Object.entries(reached)) expect(times, what).toBeGreaterThan(100);
  });
});

function explained(targeting: unknown, data: object, now = 0): Explanation {
  return explain(compileFlags(documentOf(targeting)), 'f', { ...data }, { now });
}

function documentOf(targeting: unknown): object {
  return {
    flags: { f: { state: 'ENABLED', variants, defaultVariant: 'off', targeting } },
    $evaluators: evaluators,
  };
}

function operation(names: fc.Arbitrary<string>, operands: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(names, operands).map(([operator, operand]) => ({ [operator]: operand }));
}

function stepsOf(step: ExplainedStep | undefined): ExplainedStep[] {
  return step === undefined ? [] : [step, ...step.steps.flatMap(stepsOf)];
}

/** The value at one of our JSON paths. */
function valueAt(document: unknown, path: string): unknown {
  const segments = path.matchAll(/\.([A-Za-z_$][\w$]*)|\[(\d+|"(?:[^"\\]|\\.)*")\]/g);
  let value = document;
  for (const [, plain, bracket] of segments)
    value = (value as Record<string, unknown>)[plain ?? String(JSON.parse(bracket ?? 'null'))];
  return value;
}

function deep(levels: number): object {
  let rule: object = { var: 'a' };
  for (let level = 0; level < levels; level += 1) rule = { '!': [rule] };
  return rule;
}
