import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentOf, ours, revealing, theirs, type Answer } from './flagd-core.ts';

const runs = 3000;
const letter = fc.constantFrom('a', 'b', 'gray', 'Gray', '1', '10', 'abc');
const whole = fc.integer({ min: -20, max: 20 });
const number = fc.oneof(whole, fc.constantFrom(0.5, 1.5, -2.25));
const version = fc
  .tuple(
    fc.nat({ max: 3 }),
    fc.nat({ max: 3 }),
    fc.nat({ max: 3 }),
    fc.constantFrom('', '-rc.1', '-rc.2', '+build'),
  )
  .map(([major, minor, patch, rest]) => `${major}.${minor}.${patch}${rest}`);

const sum = { reduce: [{ var: 'list' }, { '+': [{ var: 'current' }, { var: 'accumulator' }] }, 0] };

/** Rules by the type of what they make, so that none of the departures below can happen. */
const { any } = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    tie('number'),
    tie('text'),
    tie('plain'),
    tie('lists'),
    choice(tie('plain'), tie('any')),
  ),
  number: fc.oneof(
    { maxDepth: 4 },
    number,
    fc.constant({ var: 'n' }),
    fc.constant({ var: 'deep.m' }),
    binary(fc.constantFrom('+', '-', '*', 'max', 'min'), tie('number')),
    fc.tuple(tie('number'), fc.integer({ min: 1, max: 9 })).map(([one, other]) => ({ '%': [one, other] })),
    fc
      .tuple(fc.constantFrom('+', '*', 'max', 'min'), fc.array(tie('number'), { minLength: 3, maxLength: 5 }))
      .map(operation),
    fc.constant({ var: ['absent', 7] }),
  ),
  text: fc.oneof(
    { maxDepth: 4 },
    letter,
    fc.constant({ var: 't' }),
    fc.constant({ var: ['absent', 'a'] }),
    fc.array(fc.oneof(tie('text'), whole), { minLength: 2, maxLength: 4 }).map((parts) => ({ cat: parts })),
    fc
      .tuple(tie('text'), fc.integer({ min: -4, max: 4 }))
      .map(([text, start]) => ({ substr: [text, start] })),
    fc
      .tuple(tie('text'), fc.nat({ max: 3 }), fc.integer({ min: -2, max: 3 }))
      .map(([text, start, length]) => ({ substr: [text, start, length] })),
  ),
  plain: fc.oneof(
    { maxDepth: 4 },
    fc.boolean(),
    binary(fc.constantFrom('==', '!=', '===', '!==', '<', '<=', '>', '>='), tie('number')),
    binary(fc.constantFrom('==', '!=', '===', '!=='), tie('text')),
    binary(fc.constantFrom('===', '!=='), fc.oneof(tie('number'), tie('text'), tie('plain'))),
    fc
      .tuple(fc.constantFrom('<', '<='), fc.array(tie('number'), { minLength: 3, maxLength: 3 }))
      .map(operation),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('plain'), { minLength: 1, maxLength: 4 }))
      .map(operation),
    fc
      .tuple(
        fc.constantFrom('!', '!!'),
        fc.oneof(tie('number'), tie('text'), tie('plain')).map((rule) => [rule]),
      )
      .map(operation),
    fc.tuple(fc.constantFrom('starts_with', 'ends_with'), fc.tuple(tie('text'), letter)).map(operation),
    fc.tuple(letter, fc.oneof(letter, fc.array(letter, { maxLength: 3 }))).map((pair) => ({ in: pair })),
    fc
      .tuple(version, fc.constantFrom('=', '!=', '<', '<=', '>', '>=', '~', '^'), version)
      .map((triple) => ({ sem_ver: triple })),
  ),
  lists: fc.oneof(
    fc.constant(sum),
    fc.subarray(['n', 't', 'absent', 'deep.m', 'deep.absent']).map((keys) => ({ missing: keys })),
    fc.constant({ merge: [{ var: 'list' }, [7, 'a']] }),
    fc
      .tuple(
        fc.constantFrom('all', 'some', 'none'),
        fc.constantFrom({ var: 'list' }, [1, 2, 3]),
        fc.constantFrom('>', '==', '!='),
        whole,
      )
      .map(([operator, list, comparison, bound]) => ({
        [operator]: [list, { [comparison]: [{ var: '' }, bound] }],
      })),
    fc.tuple(fc.constantFrom('map', 'filter'), whole).map(([operator, bound]) => ({
      [operator]: [{ var: 'list' }, { '>': [{ var: '' }, bound] }],
    })),
  ),
}));
const context = fc.record(
  {
    targetingKey: fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
    n: number,
    t: letter,
    list: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
    deep: fc.record({ m: number }),
    extra: letter,
  },
  { requiredKeys: ['n', 't', 'list', 'deep'] },
);

describe('we agree with flagd-core', () => {
  test('on generated rules', () => {
    const check = fc.property(
      any,
      fc.oneof(letter, number, fc.boolean()),
      context,
      (rule, expected, data) => {
        const document = revealing(rule, expected);
        expect(ours(document, data)).toEqual(theirs(document, data));
      },
    );
    fc.assert(check, parameters());
  });

  test('on chains of comparisons, of one fact or of many', () => {
    const condition = fc.oneof(
      letter.map((text) => ({ '==': [{ var: 't' }, text] })),
      fc.array(letter, { maxLength: 9 }).map((texts) => ({ in: [{ var: 't' }, texts] })),
      fc.constantFrom<object>(
        { '===': [{ var: 'extra' }, 'b'] },
        { '>': [{ var: 'n' }, 3] },
        { '!': [{ '==': [{ var: 't' }, 'a'] }] },
      ),
    );
    const variant = fc.constantFrom('same', 'yes', 'no');
    const branches = fc.array(fc.tuple(condition, variant), { minLength: 1, maxLength: 9 });
    const check = fc.property(branches, variant, context, (chain, otherwise, data) => {
      const document = documentOf({ if: [...chain.flat(), otherwise] });
      expect(ours(document, data)).toEqual(theirs(document, data));
    });
    fc.assert(check, { ...parameters(), numRuns: 1000 });
  });

  test('on generated rollouts, subject by subject', () => {
    const weight = fc.integer({ min: -3, max: 100 });
    const bucket = fc
      .tuple(fc.constantFrom('same', 'yes', 'no'), weight)
      .map(([variant, share]) => [variant, share]);
    const rollout = fc.array(bucket, { minLength: 1, maxLength: 5 });
    const keyed = fc.tuple(
      fc.constantFrom<unknown>('salt', { var: 't' }, { cat: [{ var: 't' }, { var: 'targetingKey' }] }),
      rollout,
    );
    const rule = fc.oneof(
      rollout,
      keyed.map(([key, list]) => [key, ...list]),
    );
    const subject = context.filter(({ targetingKey }) => targetingKey !== undefined);
    const check = fc.property(rule, subject, (list, data) => {
      const document = documentOf({ fractional: list });
      expect(ours(document, data)).toEqual(theirs(document, data));
    });
    fc.assert(check, parameters());
  });

  test('on flags that are off, have no default, or whose rule has no opinion', () => {
    const definition = fc.record(
      {
        state: fc.constantFrom('ENABLED', 'DISABLED'),
        variants: fc.constant({ on: 1, off: 2 }),
        defaultVariant: fc.constantFrom('on', 'off', null),
        targeting: fc.constantFrom<unknown>(
          {},
          { if: [false, 'on'] },
          { if: [true, 'on'] },
          { if: [true, 'blue'] },
        ),
      },
      { requiredKeys: ['state', 'variants'] },
    );
    const check = fc.property(definition, (f) => {
      expect(ours({ flags: { f } }, {})).toEqual(theirs({ flags: { f } }, {}));
    });
    fc.assert(check, { ...parameters(), numRuns: 300 });
  });
});

describe('we depart from flagd-core', () => {
  const no: Answer = ['no', 'TARGETING_MATCH', undefined];
  const yes: Answer = ['yes', 'TARGETING_MATCH', undefined];
  const same: Answer = ['same', 'TARGETING_MATCH', undefined];
  const failed: Answer = [undefined, 'ERROR', 'GENERAL'];
  const refused: Answer = [undefined, 'ERROR', 'PARSE_ERROR'];

  test.each<[string, unknown, unknown, object, Answer, Answer]>([
    [
      'a text that is no number compares as NaN, as JsonLogic says: false, not an error of the flag',
      { '<': [{ var: 't' }, 5] },
      'x',
      { t: 'abc' },
      no,
      failed,
    ],
    [
      'a comparison of constants that never holds is false; flagd-core takes the flag out of service',
      { '==': ['abc', 7] },
      'x',
      {},
      no,
      refused,
    ],
    [
      'an absent number is 0 in arithmetic, as in JavaScript: the flag goes on',
      { max: [{ var: 'n' }, 1.5] },
      1.5,
      {},
      same,
      failed,
    ],
    [
      'dividing by zero makes Infinity or NaN, as in JavaScript',
      { '%': [12, { var: 'n' }] },
      'x',
      { n: 0 },
      no,
      failed,
    ],
    ['null is missing, as in JsonLogic and in flagd', { missing: ['t'] }, 'x', { t: null }, yes, no],
    [
      'all of a list that is not there is false, as JsonLogic says of an empty one',
      { all: [{ var: 'list' }, true] },
      false,
      {},
      same,
      yes,
    ],
    [
      'null equals nothing but null, as in JavaScript',
      { '==': [{ var: 'absent' }, false] },
      false,
      {},
      same,
      yes,
    ],
    ['a sum over a list compares like any number', { '<': [1, sum] }, true, { list: [1, 2] }, same, failed],
    [
      'a number that is chosen compares like any number',
      { '<': [0, { if: [{ in: [1, { var: 'list' }] }, 1, 2] }] },
      true,
      { list: [1] },
      same,
      failed,
    ],
    [
      'a list that a rule makes is one operand of "!", not all of them',
      { '!': [{ map: [[0, 1], { var: '' }] }] },
      true,
      {},
      no,
      same,
    ],
  ])('%s', (_reason, rule, expected, data, our, their) => {
    const document = revealing(rule, expected);
    expect(ours(document, data)).toEqual(our);
    expect(theirs(document, data)).toEqual(their);
  });

  const rollout = documentOf({
    fractional: [
      ['same', 1],
      ['yes', 1],
      ['no', 1],
    ],
  });

  test.each<[string, unknown, Answer, Answer]>([
    ['a key is hashed as its UTF-8 bytes, as flagd does, not as UTF-16 units', 'müller', yes, no],
    ['the same for Chinese', '灰度', yes, same],
    [
      'a targetingKey that is no text is none: flagd puts 7 and "7" nowhere',
      7,
      ['no', 'DEFAULT', undefined],
      same,
    ],
    ['an empty targetingKey is a text like any other, as in flagd', '', same, ['no', 'DEFAULT', undefined]],
  ])('%s', (_reason, targetingKey, our, their) => {
    expect(ours(rollout, { targetingKey })).toEqual(our);
    expect(theirs(rollout, { targetingKey })).toEqual(their);
  });

  test('__proto__ is a variable like any other: absent where the context does not have it', () => {
    const document = revealing({ var: ['__proto__', 'none'] }, 'none');
    expect(ours(document, {})).toEqual(same);
    expect(theirs(document, {})).toEqual(no);
  });
});

/** The seed of a run is printed where it fails; `FC_SEED` repeats it. */
function parameters(): fc.Parameters<unknown> {
  const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`fast-check: seed ${seed}, ${runs} cases`);
  return { numRuns: runs, seed };
}

function binary<T>(operator: fc.Arbitrary<string>, operand: fc.Arbitrary<T>): fc.Arbitrary<object> {
  return fc.tuple(operator, fc.tuple(operand, operand)).map(operation);
}

function choice<T>(condition: fc.Arbitrary<unknown>, value: fc.Arbitrary<T>): fc.Arbitrary<object> {
  return fc.tuple(condition, value, value).map((operands) => ({ if: operands }));
}

function operation([operator, operands]: readonly [string, unknown]): object {
  return { [operator]: operands };
}

test('an empty string is not missing, as in flagd-core and flagd, though it is in JsonLogic', () => {
  for (const rule of [{ missing: ['t'] }, { missing_some: [1, ['t', 'absent']] }]) {
    const document = revealing({ '!': [rule] }, true);
    expect(ours(document, { t: '' })).toEqual(['same', 'TARGETING_MATCH', undefined]);
    expect(theirs(document, { t: '' })).toEqual(['same', 'TARGETING_MATCH', undefined]);
  }
});
