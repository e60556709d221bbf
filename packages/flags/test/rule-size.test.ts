import { describe, expect, test } from 'vitest';
import { checkFlags, compileFlags, evaluate } from '../src/index.ts';

/*
 * A rule is checked and compiled in one piece, while requests wait. So its size has one bound, in
 * parts and not in time: about 30,000 operators and operands.
 */

const evaluator = { and: [{ '==': [{ var: 'a' }, 'q'] }, { '>': [{ var: 'b' }, 1] }] };

function documentOf(targeting: unknown): object {
  return {
    $evaluators: { shared: evaluator },
    flags: { f: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting } },
  };
}

/** One condition of a chain, by its place in it. */
const conditions: Readonly<Record<string, (place: number) => unknown>> = {
  'comparisons of one fact': (place) => ({ '==': [{ var: 'tenant' }, `t${place}`] }),
  'comparisons of two facts': (place) => ({ '==': [{ var: place % 2 ? 'a' : 'b' }, `t${place}`] }),
  'joined comparisons': (place) => ({
    and: [{ '==': [{ var: 'a' }, place] }, { '>': [{ var: 'b' }, place] }],
  }),
  'nested joints': (place) => ({ or: [{ and: [{ var: 'a' }, { '!': [{ '!': [{ var: `x${place}` }] }] }] }] }),
  'ends of strings': (place) => ({ ends_with: [{ var: 'email' }, `t${place}`] }),
  versions: (place) => ({ sem_ver: [{ var: 'version' }, '^', `1.${place}.0`] }),
  'shared rules': () => ({ $ref: 'shared' }),
  paths: (place) => ({ '==': [{ var: `a.b.c${place}` }, 1] }),
  defaults: (place) => ({ '==': [{ var: ['a', { var: `b${place}` }] }, 1] }),
  'missing facts': (place) => ({ missing: [`a${place}`, 'b'] }),
  loops: (place) => ({ some: [{ var: 'x' }, { '==': [{ var: '' }, place] }] }),
  'short lists': (place) => ({ in: [{ var: 'a' }, [`x${place}`, `y${place}`]] }),
  'lists of rules': () => ({ in: [{ var: 'a' }, [{ var: 'b' }, { var: 'c' }]] }),
  'strings that are made': (place) => ({ '==': [{ cat: [{ var: 'a' }, { var: 'b' }] }, `t${place}`] }),
  numbers: (place) => ({ '>': [{ '+': [{ var: 'a' }, { '*': [{ var: 'b' }, 2] }] }, place] }),
  substrings: (place) => ({ '==': [{ substr: [{ var: 'a' }, 0, 2] }, `t${place}`] }),
};

const spread = { fractional: [{ var: 'user' }, ['on', 50], ['off', 50]] };

function chainOf(condition: (place: number) => unknown, length: number, result: unknown = 'on'): object {
  return { if: [...Array.from({ length }, (_, place) => [condition(place), result]).flat(), 'off'] };
}

const rules: Readonly<Record<string, (size: number) => object>> = {
  ...Object.fromEntries(
    Object.entries(conditions).map(([name, condition]) => [
      `a chain of ${name}`,
      (size: number) => chainOf(condition, size),
    ]),
  ),
  'a chain of spreads': (size) => chainOf((place) => ({ '==': [{ var: 'a' }, place] }), size, spread),
  'a spread over many buckets': (size) => ({ fractional: Array.from({ length: size }, () => ['on', 1]) }),
  'a spread over buckets that are made': (size) => ({
    fractional: Array.from({ length: size }, () => ['on', { var: 'weight' }]),
  }),
  'one joint of many conditions': (size) => ({
    if: [{ and: Array.from({ length: size }, (_, place) => ({ var: `a${place}` })) }, 'on'],
  }),
  'one string of many parts': (size) => ({
    if: [{ '==': [{ cat: Array.from({ length: size }, () => ({ var: 'a' })) }, 'x'] }, 'on'],
  }),
  'a list of many arrays': (size) => ({
    if: [{ in: [{ var: 'a' }, Array.from({ length: size }, () => [{ var: 'b' }])] }, 'on'],
  }),
};

const problemsOf = (rule: object): string[] => checkFlags(documentOf(rule)).map(({ message }) => message);
const warningsOf = (rule: object): string[] =>
  compileFlags(documentOf(rule)).warnings.map(({ message }) => message);
const tooLarge = ['the rule has more than 30000 parts'];

describe('the size of a rule', () => {
  test.each(Object.entries(rules))('%s is refused beyond it, and evaluated within it', (_what, ruleOf) => {
    expect(problemsOf(ruleOf(31_000))).toEqual(tooLarge);
    expect(warningsOf(ruleOf(31_000))).toEqual(tooLarge);
    let [accepted, refused] = [0, 31_000];
    while (refused - accepted > 1000) {
      const size = Math.floor((accepted + refused) / 2);
      if (problemsOf(ruleOf(size)).length === 0) accepted = size;
      else refused = size;
    }
    // A write that is accepted can be evaluated.
    expect(warningsOf(ruleOf(accepted))).toEqual([]);
    const context = { targetingKey: 'ada', user: 'ada', weight: 1 };
    expect(evaluate(compileFlags(documentOf(ruleOf(accepted))), 'f', context).errorCode).toBeUndefined();
    expect(accepted).toBeGreaterThan(1500);
  });

  test('a chain of 2,000 branches and a list of 100,000 values are within it', () => {
    const list = Array.from({ length: 100_000 }, (_, index) => `u${index}`);
    const rule = {
      if: [{ in: [{ var: 'user' }, list] }, 'on', { in: [{ var: 'other' }, list] }, 'on', 'off'],
    };
    const chain = chainOf((place) => ({ '==': [{ var: place % 2 ? 'a' : 'b' }, `t${place}`] }), 2000);
    expect([problemsOf(rule), problemsOf(chain), warningsOf(rule), warningsOf(chain)]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    const flags = compileFlags(documentOf(rule));
    expect(evaluate(flags, 'f', { user: 'u99999' }).value).toBe(true);
  });

  test('a list of a million values is beyond it', () => {
    const list = Array.from({ length: 1_000_000 }, (_, index) => index);
    for (const rule of [
      { if: [{ in: [{ var: 'user' }, list] }, 'on'] },
      { if: [{ var: 'a' }, 'on', { in: ['a', list] }, 'on'] },
    ]) {
      expect(problemsOf(rule)).toEqual(tooLarge);
      expect(warningsOf(rule)).toEqual(tooLarge);
    }
  });
});

describe('the depth of a rule', () => {
  const leaves = {
    'a value': true,
    'a fact': { var: 'a' },
    'an array': [[{ var: 'a' }]],
    'an evaluator': { $ref: 'shared' },
  };

  test.each(Object.entries(leaves))(
    'ends at one level for check and compile, with %s inside',
    (_what, leaf) => {
      const deep = (levels: number): object => {
        let rule: unknown = leaf;
        for (let level = 0; level < levels; level += 1) rule = { '!': [rule] };
        return rule as object;
      };
      const levels = Array.from({ length: 10 }, (_, index) => 94 + index);
      const refused = levels.filter((level) => problemsOf(deep(level)).length > 0);
      expect(refused).toEqual(levels.filter((level) => warningsOf(deep(level)).length > 0));
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.length).toBeLessThan(levels.length);
    },
  );
});
