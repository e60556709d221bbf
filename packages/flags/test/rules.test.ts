import { describe, expect, test } from 'vitest';
import { compileFlags, evaluate, ruleOf, rulesOf, type FlagRule } from '../src/index.ts';

const variants = { on: true, off: false, maybe: true };

function compiled(targeting: unknown, members: object = {}) {
  const flag = { state: 'ENABLED', variants, defaultVariant: 'off', targeting, ...members };
  return compileFlags({
    flags: { fees: flag },
    $evaluators: { insider: { '==': [{ var: 'tenant' }, 'us'] } },
  });
}

function ruleFor(targeting: unknown, context: object, members: object = {}): number | undefined {
  return ruleOf(evaluate(compiled(targeting, members), 'fees', { ...context }));
}

function rules(targeting: unknown): readonly FlagRule[] {
  const flag = compiled(targeting).get('fees');
  if (flag === undefined) throw new Error('the flag is missing');
  return rulesOf(flag);
}

const lane = (name: string): object => ({ '==': [{ var: 'lane' }, name] });

describe('the rule that made an evaluation', () => {
  const chain = {
    if: [
      lane('gray'),
      'on',
      { in: [{ var: 'tenant' }, ['us', 'qa']] },
      'on',
      { '>': [{ var: 'age' }, 3] },
      {
        fractional: [
          ['on', 0],
          ['maybe', 100],
        ],
      },
      { $ref: 'insider' },
      { if: [lane('team-a'), 'maybe', 'off'] },
      { '==': [{ var: 'kind' }, 'computed'] },
      { cat: ['o', 'n'] },
      { '==': [{ var: 'kind' }, 'null'] },
      null,
    ],
  };
  test.each([
    [{ lane: 'gray', tenant: 'us' }, 0, 'on'],
    [{ tenant: 'qa' }, 1, 'on'],
    [{ age: 4, targetingKey: 'ada' }, 2, 'maybe'],
    [{ kind: 'computed' }, 4, 'on'],
    [{ kind: 'null' }, 5, 'off'],
    [{}, 6, 'off'],
  ])('of %j is %i, also for branches with one variant', (context, index, variant) => {
    expect(ruleFor(chain, context)).toBe(index);
    expect(evaluate(compiled(chain), 'fees', context).variant).toBe(variant);
  });

  test('is that of the outermost choice, for choices within it', () => {
    const nested = { if: [lane('gray'), { if: [{ var: 'vip' }, 'on', 'maybe'] }, { if: [true, 'on'] }] };
    expect(ruleFor(nested, { lane: 'gray', vip: true })).toBe(0);
    expect(ruleFor(nested, { lane: 'gray' })).toBe(0);
    expect(ruleFor(nested, {})).toBe(1);
  });

  test('stays the same after the code of a long chain is generated', () => {
    const list = Array.from({ length: 30 }, (_, n) => [{ '>': [{ var: `fact-${n}` }, n] }, 'on']).flat();
    const flags = compiled({ if: list });
    for (let times = 0; times < 5000; times += 1) {
      const n = times % 31;
      expect(ruleOf(evaluate(flags, 'fees', { [`fact-${n}`]: 100 }))).toBe(n);
    }
  });

  test.each([
    ['a flag without a rule', undefined, {}],
    [
      'a rule that is fractional alone',
      {
        fractional: [
          ['on', 50],
          ['off', 50],
        ],
      },
      {},
    ],
    ['a disabled flag', chain, { state: 'DISABLED' }],
    ['a result that is not a variant', { if: [true, 'blue'] }, {}],
  ])('is undefined for %s', (_what, targeting, members) => {
    expect(ruleFor(targeting, { targetingKey: 'ada' }, members)).toBeUndefined();
  });
});

describe('the rules of a flag', () => {
  test('are the conditions of the outermost choice, and the otherwise', () => {
    const found = rules({ if: [lane('gray'), 'on', lane('team-a'), 'maybe', 'off'] });
    expect(found).toEqual([
      { index: 0, id: expect.stringMatching(/^[0-9a-f]{8}$/), condition: lane('gray') },
      { index: 1, id: expect.stringMatching(/^[0-9a-f]{8}$/), condition: lane('team-a') },
      { index: 2, id: 'else', condition: undefined },
    ]);
    expect(found[0]?.id).not.toBe(found[1]?.id);
  });

  test('keep their ids when branches are added before them and results change', () => {
    const [gray] = rules({ if: [lane('gray'), 'on'] });
    const [, moved] = rules({ if: [lane('team-a'), 'on', lane('gray'), 'maybe', 'off'] });
    expect(moved?.id).toBe(gray?.id);
  });

  test.each([[undefined], [{ fractional: [['on', 1]] }], ['on'], [{ if: 'on' }], [{ '==': [1, 1] }]])(
    'of %j are none',
    (targeting) => expect(rules(targeting)).toEqual([]),
  );

  test('of a document that is not JSON are named by their place', () => {
    const condition: { [key: string]: unknown } = {};
    condition['!!'] = [condition];
    expect(rules({ if: [condition, 'on'] })[0]?.id).toBe('#0');
  });
});
