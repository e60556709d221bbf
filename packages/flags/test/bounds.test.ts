import { describe, expect, test } from 'vitest';
import {
  changedFlags,
  checkFlags,
  compileFlags,
  evaluate,
  FlagsError,
  type Evaluation,
} from '../src/index.ts';

const on = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const numbers = Array.from({ length: 100_000 }, (_, index) => index);
const texts = numbers.map((number) => `s${number}`);
const accumulator = { var: 'accumulator' };
const long = 'y'.repeat(1_000_000);
/** A list that holds itself twice over, sixty times: written out it would have 2^60 elements. */
const doubled = { reduce: [{ var: 'few' }, [accumulator, accumulator], 'x'] };
const context = { numbers, texts, few: numbers.slice(0, 60) };

function documentOf(targeting: unknown): object {
  return { flags: { f: { ...on, targeting } } };
}

function ask(targeting: unknown, facts: object = context): Evaluation {
  return evaluate(compileFlags(documentOf(targeting)), 'f', { ...facts });
}

/** An object that holds the one before it twice, as aliases of YAML do. */
function twiceOver(times: number, first: object, join: (part: object) => object): object {
  let part = first;
  for (let time = 0; time < times; time += 1) part = join(part);
  return part;
}

const aliases = (): object => twiceOver(60, { a: 1 }, (part) => ({ one: part, other: part }));

describe('a rule does no more work than its bounds allow', () => {
  test.each<[string, unknown]>([
    ['a text that grows at each step', { reduce: [{ var: 'numbers' }, { cat: [accumulator, 'x'] }, ''] }],
    [
      'a list that grows at each step',
      { reduce: [{ var: 'numbers' }, { merge: [accumulator, { var: 'current' }] }, []] },
    ],
    [
      'a list that is searched at each step',
      {
        reduce: [{ var: 'numbers' }, { if: [{ in: [-1, accumulator] }, 1, accumulator] }, { var: 'numbers' }],
      },
    ],
    [
      'a long text of the rule searched at each step',
      { none: [{ var: 'texts' }, { in: [{ var: '' }, long] }] },
    ],
    [
      'long texts of the rule compared at each step',
      { none: [{ var: 'texts' }, { starts_with: [long, `${long.slice(1)}z`] }] },
    ],
    [
      'a long key hashed at each step',
      { none: [{ var: 'texts' }, { '==': [{ fractional: [long, ['a', 1]] }, 'b'] }] },
    ],
    [
      'a long body run at each step',
      {
        all: [{ var: 'texts' }, { and: Array.from({ length: 5000 }, () => ({ '!=': [{ var: '' }, 'q'] })) }],
      },
    ],
    ['a list that holds itself twice over, as a text', { cat: [doubled] }],
    ['the same put in order with another one', { '<': [doubled, doubled] }],
    ['the same as a path', { var: [doubled] }],
    ['the same as a missing path', { missing: [doubled] }],
  ])('%s', (_name, rule) => {
    const { errorCode, errorMessage } = ask({ if: [rule, 'on'] });
    expect(errorCode).toBe('GENERAL');
    expect(errorMessage).toMatch(/more than \d+|deeper than/);
  });

  test.each<[string, unknown, boolean]>([
    ['equals', { '==': [doubled, 'x'] }, false],
    ['comes before', { '<': [doubled, 'x'] }, false],
    ['comes after', { '>': [doubled, 'x'] }, true],
  ])('an array that holds itself twice over %s a string without being written out', (_name, rule, is) => {
    expect(ask({ if: [rule, 'on'] })).toMatchObject({
      variant: is ? 'on' : 'off',
      reason: expect.anything(),
    });
  });

  test('a bucket key that holds itself twice over', () => {
    const rule = { fractional: [{ var: 'key' }, ['on', 1]] };
    const flags = compileFlags(documentOf(rule), { fractionalHash: 'v3' });
    expect(evaluate(flags, 'f', { key: aliases() }).errorMessage).toMatch(/more than \d+/);
  });

  test.each([
    '!',
    '-',
    '+',
    'and',
    'or',
    'if',
    'cat',
    'max',
    'merge',
    'substr',
    'missing',
    'var',
    '==',
    'map',
    'fractional',
  ])('"%s" in itself ninety times is compiled and evaluated once', (operator) => {
    let rule: object = { var: 'x' };
    for (let level = 0; level < 90; level += 1) rule = { [operator]: [rule] };
    expect(ask({ if: [rule, 'on'] }).errorCode).toBeUndefined();
  });

  test('long chains, many buckets, and variants by the hundred thousand are evaluated', () => {
    const branches = Array.from({ length: 5000 }, (_, index) => [
      index % 2 === 0 ? { '==': [{ var: 'a' }, `x${index}`] } : { '>': [{ var: 'b' }, index] },
      'on',
    ]);
    expect(ask({ if: branches.flat() }, { a: 'q', b: -1 }).variant).toBe('off');
    const buckets = Array.from({ length: 10_000 }, () => ['on', 1]);
    expect(ask({ fractional: buckets }, { targetingKey: 'ada' }).variant).toBe('on');
    const variants = Object.fromEntries(numbers.map((number) => [`v${number}`, number]));
    const rule = { cat: ['v', { var: 'n' }] };
    const flags = compileFlags({ flags: { f: { state: 'ENABLED', variants, targeting: rule } } });
    expect(evaluate(flags, 'f', { n: 99_999 }).value).toBe(99_999);
    for (let number = 0; number < 20_000; number += 1) {
      expect(evaluate(flags, 'f', { n: `?${number}` }).errorCode).toBe('GENERAL');
    }
  });

  test('contexts that are deep, or hold themselves, are looked at as far as the rule does', () => {
    let deep: unknown[] = [];
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(ask({ if: [{ cat: [{ var: 'deep' }] }, 'on'] }, { deep }).errorCode).toBe('GENERAL');
    expect(ask({ if: [{ '===': [{ var: 'deep.0.0' }, 7] }, 'on'] }, { deep }).variant).toBe('off');
    const itself: Record<string, unknown> = {};
    itself['itself'] = itself;
    expect(ask({ if: [{ '===': [{ var: 'itself.itself' }, 7] }, 'on'] }, itself).variant).toBe('off');
    expect(ask({ if: [{ var: 'a.'.repeat(100_000) }, 'on'] }, { a: {} }).variant).toBe('off');
  });
});

describe('a document that holds its parts many times over', () => {
  const rule = twiceOver(60, { var: 'x' }, (part) => ({ and: [part, part] }));
  const cyclic: Record<string, unknown> = {};
  cyclic['and'] = [cyclic, cyclic];

  test.each([
    ['a rule with aliases', rule, /more than 30000 parts/],
    ['a rule that holds itself', cyclic, /deeper than 100 levels/],
  ])('is refused where it is %s', (_name, targeting, words) => {
    expect(ask(targeting)).toMatchObject({
      errorCode: 'PARSE_ERROR',
      errorMessage: expect.stringMatching(words),
    });
    const problems = checkFlags(documentOf(targeting));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toMatch(words);
  });

  test('is served where it is a value, and compared with the one before', () => {
    const itself: Record<string, unknown> = {};
    itself['one'] = itself['other'] = itself;
    for (const value of [aliases(), itself]) {
      const document = (evaluators: object, held: unknown): object => ({
        $evaluators: evaluators,
        flags: { f: { state: 'ENABLED', variants: { on: held }, defaultVariant: 'on' } },
      });
      const before = compileFlags(document({ e: true }, value));
      expect(evaluate(before, 'f', {}).reason).toBe('STATIC');
      expect(changedFlags(before, compileFlags(document({ e: true }, value), { previous: before }))).toEqual(
        [],
      );
      const after = compileFlags(document({ e: false }, aliases()), { previous: before });
      expect(changedFlags(before, after)).toEqual(['f']);
    }
  });
});

describe('a text that is no JSON', () => {
  test.each([
    ['has a text without an end', `{"a": "${'x'.repeat(20_000_000)}`, 'line 1, column 7'],
    ['has escapes without an end', `{"a": "${'\\u0041'.repeat(1_000_000)}`, 'line 1, column 7'],
    [
      'opens and never closes',
      '['.repeat(1_000_000),
      'unexpected end of the document at line 1, column 1000001',
    ],
    ['has a number that goes wrong late', `{"a": ${'1'.repeat(10_000_000)}x}`, 'column 10000007'],
    ['goes wrong after many lines', `${'\n'.repeat(1_000_000)}{x`, 'line 1000001, column 2'],
    ['has an escape that is none', String.raw`{"a": "\x"}`, 'line 1, column 7'],
    ['has a control character in a text', '{"a": "\u0001"}', 'line 1, column 7'],
  ])('has the place of its fault: it %s', (_fault, text, place) => {
    expect(() => compileFlags(text)).toThrow(FlagsError);
    expect(checkFlags(text)[0]?.message).toContain(place);
  });
});

describe('a version', () => {
  test.each([`1.0.0-${'a'.repeat(1_000_000)}`, `1.0.0-${'0'.repeat(240)}!`, `1.0.0-${'1a'.repeat(120)}!`])(
    'is read without going back and forth (%#)',
    (version) => {
      expect(ask({ if: [{ sem_ver: [{ var: 'v' }, '>', '0.1.0'] }, 'on'] }, { v: version }).variant).toBe(
        'off',
      );
      expect(checkFlags(documentOf({ sem_ver: [version, '>', '0.1.0'] }))).toHaveLength(
        version.includes('!') ? 1 : 0,
      );
    },
  );
});
