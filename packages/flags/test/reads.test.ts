import { compileFlags, evaluate, mayRead } from '@graylane/flags';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const cases: [object, boolean][] = [
  [{ var: 'lane' }, true],
  [{ var: ['lane', 'x'] }, true],
  [{ var: 'lane.name' }, true],
  [{ var: 'lanes' }, false],
  [{ var: 'user.lane' }, false],
  [{ var: ['tenant', { var: 'lane' }] }, true],
  [{ var: '' }, true],
  [{ var: [] }, true],
  [{ var: { cat: ['la', 'ne'] } }, true],
  [{ missing: ['tenant', 'lane'] }, true],
  [{ missing: ['tenant'] }, false],
  [{ missing: { merge: ['lane'] } }, true],
  [{ missing_some: [1, ['tenant', 'lane']] }, true],
  [{ missing_some: [1, ['tenant']] }, false],
  [{ $ref: 'shared' }, true],
  [
    {
      fractional: [
        ['lane', 50],
        ['off', 50],
      ],
    },
    false,
  ],
  [{ if: [{ '==': [{ var: 'tenant' }, 'lane'] }, 'lane'] }, false],
  [{ if: [{ '==': [{ var: 'tenant' }, 'x'] }, { if: [{ in: [{ var: 'lane' }, ['gray']] }, 'on'] }] }, true],
];

test.each(cases)('whether %j may read "lane" is %s', (targeting, expected) => {
  expect(mayRead(flagOf(targeting), new Set(['lane']))).toBe(expected);
});

test('fractional reads the targeting key without naming it', () => {
  expect(
    mayRead(
      flagOf({
        fractional: [
          ['on', 50],
          ['off', 50],
        ],
      }),
      new Set(['targetingKey']),
    ),
  ).toBe(true);
});

test('a flag without targeting reads nothing', () => {
  expect(mayRead(flagOf({}), new Set(['lane', 'targetingKey']))).toBe(false);
});

test('a flag that may not read a key evaluates the same, whatever the key holds', () => {
  const { rule } = fc.letrec<{ rule: unknown }>((tie) => {
    const path = fc.constantFrom<unknown>('lane', 'lane.a', 'targetingKey', 'tenant', 'x.lane', '', null, 7);
    const operand = fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>('lane', 'on', 1, null, true),
      path,
      tie('rule'),
    );
    const operator = fc.constantFrom(
      'if',
      '==',
      'in',
      'cat',
      'merge',
      'and',
      '!',
      'map',
      'fractional',
      'missing',
      'missing_some',
      'substr',
    );
    return {
      rule: fc.oneof(
        { maxDepth: 4 },
        path.map((name) => ({ var: name })),
        fc.tuple(path, operand).map((both) => ({ var: both })),
        operand.map((name) => ({ var: name })),
        fc
          .tuple(operator, fc.array(operand, { maxLength: 4 }))
          .map(([name, operands]) => ({ [name]: operands })),
        fc.tuple(operator, operand).map(([name, single]) => ({ [name]: single })),
      ),
    };
  });
  const key = fc.constantFrom('lane', 'targetingKey');
  let skipped = 0;
  fc.assert(
    fc.property(rule, key, (targeting, name) => {
      const flags = compileFlags({ flags: { a: definitionOf(targeting) } });
      const flag = flags.get('a');
      if (flag === undefined || mayRead(flag, new Set([name]))) return;
      skipped += 1;
      const context = { tenant: 'acme', x: { lane: 'on' }, lane: 'gray', targetingKey: 'ada' };
      const other = { ...context, [name]: 'on' };
      const now = { now: 0 };
      expect(evaluate(flags, 'a', other, now)).toEqual(evaluate(flags, 'a', context, now));
    }),
    { numRuns: 3000 },
  );
  expect(skipped).toBeGreaterThan(100);
});

function flagOf(targeting: unknown) {
  const flag = compileFlags({ flags: { a: definitionOf(targeting) } }).get('a');
  if (flag === undefined) throw new Error('the flag is missing');
  return flag;
}

function definitionOf(targeting: unknown): object {
  return {
    state: 'ENABLED',
    variants: { on: true, off: false, lane: true },
    defaultVariant: 'off',
    targeting,
  };
}
