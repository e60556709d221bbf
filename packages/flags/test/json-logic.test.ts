import fc from 'fast-check';
import jsonLogic, { type RulesLogic } from 'json-logic-js';
import { describe, expect, test } from 'vitest';
import { compileRule } from '../src/rule/compile.ts';
import { operators } from '../src/rule/operators/index.ts';
import { valueScope, wholeRule } from '../src/rule/scope.ts';

const facts = {
  a: 1,
  b: 'b',
  three: '3',
  list: [3, 1, 2],
  empty: [],
  deep: { x: 5, y: { z: 'q' }, nothing: null },
  text: 'hello',
  nothing: null,
  rows: [{ n: 1 }, { n: 2, on: true }, {}],
};

const text = fc.constantFrom<unknown>(
  'a',
  'abc',
  '',
  '0',
  '3',
  { var: 'b' },
  { var: 'text' },
  { var: ['absent', 'd'] },
);
const number = fc.oneof(
  fc.integer({ min: -5, max: 9 }),
  fc.constantFrom<unknown>(
    1.5,
    { var: 'a' },
    { var: 'deep.x' },
    { var: 'list.0' },
    { var: 'text.length' },
    { var: ['absent', 2] },
  ),
);
const absent = fc.constantFrom<unknown>(null, { var: 'absent' }, { var: 'nothing' }, { var: 'deep.no.x' });
const list = fc.constantFrom<unknown>(
  { var: 'list' },
  { var: 'empty' },
  { var: 'absent' },
  [1, 'a', null],
  [],
);
const value = fc.oneof(
  text,
  number,
  absent,
  fc.boolean(),
  list,
  fc.constantFrom<unknown>({ var: 'three' }, { var: 1 }),
);
const body = fc.constantFrom<unknown>(
  { '>': [{ var: '' }, 1] },
  { '==': [{ var: '' }, '2'] },
  { var: '' },
  { '===': [{ var: '' }, 1] },
  { in: [{ var: '' }, [1, 3]] },
  { var: 'n' },
);
const paths = fc.subarray(['a', 'b', 'absent', 'nothing', 'deep.x', 'deep.q', 'list.0']);

const { rule } = fc.letrec((tie) => ({
  rule: fc.oneof(
    { maxDepth: 3 },
    value,
    operation(['==', '!=', '===', '!==', '<', '<=', '>', '>='], fc.tuple(ruleOrValue(tie), ruleOrValue(tie))),
    operation(['<', '<='], fc.tuple(number, number, number)),
    operation(['in'], fc.tuple(fc.oneof(text, number), fc.oneof(list, text))),
    operation(['!', '!!'], fc.tuple(ruleOrValue(tie))),
    operation(
      ['!', '!!'],
      ruleOrValue(tie).filter((item) => !Array.isArray(item)),
    ),
    operation(['and', 'or'], fc.array(ruleOrValue(tie), { minLength: 1, maxLength: 4 })),
    operation(['if', '?:'], fc.array(ruleOrValue(tie), { minLength: 0, maxLength: 6 })),
    operation(['+', '-', '*', '/', '%', 'max', 'min'], fc.tuple(number, number)),
    operation(['+', '*', 'max', 'min'], fc.array(number, { minLength: 2, maxLength: 4 })),
    operation(['-', '+'], fc.tuple(number)),
    operation(['+'], fc.constantFrom('3', '3.14', '-1')),
    operation(['cat'], fc.array(fc.oneof(text, number), { minLength: 1, maxLength: 4 })),
    operation(['substr'], fc.tuple(text, small())),
    operation(['substr'], fc.tuple(text, small(), small())),
    operation(['missing'], paths),
    operation(['missing_some'], fc.tuple(fc.nat({ max: 4 }), paths)),
    operation(['merge'], fc.array(value, { minLength: 0, maxLength: 4 })),
    operation(
      ['map', 'filter', 'all', 'some', 'none'],
      fc.tuple(fc.oneof(list, fc.constant({ var: 'rows' })), body),
    ),
    operation(
      ['reduce'],
      fc.tuple(
        list,
        fc.constant({ cat: [{ var: 'accumulator' }, { var: 'current' }] }),
        fc.oneof(text, number),
      ),
    ),
  ),
}));

describe('a rule means what it means to JsonLogic', () => {
  test.each([
    ['as closures', Number.POSITIVE_INFINITY],
    ['as generated code', 0],
  ])('whatever the rule is, %s', (_how, generateCodeAfter) => {
    const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31);
    console.log(`fast-check: seed ${seed}`);
    fc.assert(
      fc.property(rule, (generated) => {
        // As from a document: no two parts are one object.
        const logic = JSON.parse(JSON.stringify(generated)) as RulesLogic;
        expect(ours(logic, generateCodeAfter)).toBe(json(jsonLogic.apply(logic, facts)));
      }),
      { numRuns: 10_000, seed },
    );
  });
});

/** The result of a rule for the facts. */
function ours(logic: unknown, generateCodeAfter: number): string {
  const owner = {
    flagKey: 'f',
    operators,
    fractionalHash: 'v2',
    generateCodeAfter,
    evaluators: {},
    path: '$',
    constant: (result: unknown) => result,
    outcome: (result: unknown) => result,
    parts: 0,
  } as const;
  return json(compileRule(logic, valueScope(wholeRule({ ...owner })))(facts, 0));
}

/** As JSON, which knows neither undefined nor NaN nor -0. */
function json(result: unknown): string {
  return JSON.stringify(result ?? null);
}

function small(): fc.Arbitrary<number> {
  return fc.integer({ min: -4, max: 4 });
}

function ruleOrValue(tie: fc.LetrecLooselyTypedTie): fc.Arbitrary<unknown> {
  return fc.oneof(tie('rule'), value);
}

function operation(names: readonly string[], operands: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(fc.constantFrom(...names), operands)
    .map(([operator, operand]) => ({ [operator]: operand }));
}
