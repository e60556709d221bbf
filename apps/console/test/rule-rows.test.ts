import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileFlags, evaluate } from '@graylane/flags';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readLiteral, readLiterals, showLiteral, showLiterals } from '../src/rule/operations.ts';
import { readRows } from '../src/rule/read-rows.ts';
import { ruleInWords } from '../src/rule/words.ts';
import { writeRows } from '../src/rule/write-rows.ts';

const lane = { '==': [{ var: 'lane' }, 'gray'] };
const split = { fractional: [['on', 5], ['off', 95]] }; // prettier-ignore

describe('rules as rows', () => {
  test.each([
    ['no rule', undefined],
    ['one row', { if: [lane, 'on'] }],
    ['an otherwise', { if: [lane, 'on', 'off'] }],
    ['a split', split],
    ['a split by another key', { fractional: [{ cat: [{ var: 'tenant' }, 'x'] }, ['on', 1], ['off', 1]] }],
    ['rows with a split', { if: [lane, split, { in: [{ var: 'tenant' }, ['a', 7]] }, 'on', null] }],
    ['segments', { if: [{ and: [{ $ref: 'staff' }, { '!': [{ $ref: 'guests' }] }] }, 'on'] }],
    ['versions', { if: [{ sem_ver: [{ var: 'app' }, '>=', '1.2.3'] }, 'on'] }],
    [
      'parts of strings',
      { if: [{ or: [{ in: ['@a', { var: 'mail' }] }, { ends_with: [{ var: 'm' }, 'z'] }] }, 'on'] },
    ],
    ['none of a list', { if: [{ '!': { in: [{ var: 'tenant' }, ['a']] } }, 'on'] }],
    ['operators that rows do not have', { if: [{ some: [{ var: 'x' }, lane] }, { cat: ['o', 'n'] }] }],
    ['an outermost operator that rows do not have', { cat: ['o', 'n'] }],
    ['a variable with a default', { if: [{ '==': [{ var: ['lane', 'x'] }, 'x'] }, 'on'] }],
  ])('%s: unchanged rows are written as they were', (_name, targeting) => {
    const written = writeRows(readRows(targeting));
    const expected =
      targeting !== undefined && 'if' in targeting && targeting.if.at(-1) === null
        ? { if: targeting.if.slice(0, -1) }
        : targeting;
    expect(written).toEqual(expected);
  });

  test('edited rows are written anew, and the others stay as they were', () => {
    const block = { some: [{ var: 'x' }, lane] };
    const { rows, otherwise } = readRows({ if: [block, 'on', { '===': [{ var: 'lane' }, 'gray'] }, split] });
    const [first, second] = rows;
    const edited = {
      condition: {
        kind: 'tests',
        join: 'or',
        tests: [
          { kind: 'compare', attribute: 'tenant', operator: 'not in', values: ['a', 'b'] },
          { kind: 'segment', segment: 'staff', isIn: false },
        ],
      },
      outcome: { kind: 'split', shares: [{ variant: 'on', weight: 10 }, { variant: 'off', weight: 90 }] }, // prettier-ignore
    } as const;
    expect(
      writeRows({ rows: [second, edited, first].filter((row) => row !== undefined), otherwise }),
    ).toEqual({
      if: [
        { '===': [{ var: 'lane' }, 'gray'] },
        split,
        { or: [{ '!': [{ in: [{ var: 'tenant' }, ['a', 'b']] }] }, { '!': [{ $ref: 'staff' }] }] },
        { fractional: [['on', 10], ['off', 90]] }, // prettier-ignore
        block,
        'on',
      ],
    });
  });

  test('a chain within the otherwise becomes rows of the same meaning', () => {
    const targeting = { if: [lane, 'on', { if: [{ '>': [{ var: 'age' }, 3] }, 'on', 'off'] }] };
    const flag = (rule: unknown) => ({
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'off',
      targeting: rule,
    });
    const rows = readRows(targeting);
    expect(rows.rows).toHaveLength(2);
    const flags = compileFlags({ flags: { before: flag(targeting), after: flag(writeRows(rows)) } });
    for (const context of [{ lane: 'gray' }, { age: 4 }, { age: 2 }, {}]) {
      expect(evaluate(flags, 'after', context).variant).toBe(evaluate(flags, 'before', context).variant);
    }
  });

  test('any JSON is read and written back without a loss', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (targeting) => {
        const written = writeRows(readRows(targeting));
        if ('if' in targeting) expect(readRows(written)).toMatchObject({});
        else expect(written).toEqual(targeting);
      }),
    );
  });

  test('the rules of the shop in words', () => {
    const file = fileURLToPath(new URL('../../demo/flags.json', import.meta.url));
    const { flags } = JSON.parse(readFileSync(file, 'utf8')) as {
      flags: Record<string, { targeting?: unknown; defaultVariant: unknown }>;
    };
    const words = Object.values(flags).map(({ targeting, defaultVariant }) =>
      ruleInWords(targeting, defaultVariant),
    );
    expect(words).toContain('lane is gray and region is cn-shenzhen → on; else off');
    expect(words).toContain('on for 5 %, off for 95 %');
  });
});

describe('values in fields', () => {
  test.each([
    ['gray', 'gray'],
    ['7', 7],
    ['"7"', '7'],
    ['-1.5e3', -1500],
    ['true', true],
    ['null', null],
    ['007', '007'],
    ['"', '"'],
    ['', ''],
  ])('%j is read as %j', (text, value) => {
    expect(readLiteral(text)).toBe(value);
  });

  test('each value is shown so that it is read as itself', () => {
    const values = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(values, (value) => {
        expect(readLiteral(showLiteral(value))).toBe(value);
      }),
    );
  });

  test('several values are read as they are shown', () => {
    const some = fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minLength: 1 });
    fc.assert(
      fc.property(some, (values) => {
        expect(readLiterals(showLiterals(values))).toEqual(values);
      }),
    );
  });

  test('several values are separated by commas outside quotes', () => {
    expect(readLiterals('a, 7, "7", "x, y", ')).toEqual(['a', 7, '7', 'x, y']);
  });
});
