import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileFlags, evaluate, FlagsError } from '../src/index.ts';
import { operators } from '../src/rule/operators/index.ts';

const on = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const special = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'];

describe('an evaluation', () => {
  test('is pure: the same set, context and clock give the same result, and none of them is changed', () => {
    const rule = { if: [{ '<': [{ var: '$flagd.timestamp' }, 1000] }, 'on', 'off'] };
    const flags = compileFlags({ flags: { f: { ...on, targeting: rule } } });
    const context = Object.freeze({ targetingKey: 'ada' });
    for (let times = 0; times < 3; times += 1) {
      expect(evaluate(flags, 'f', context, { now: 999_999 }).value).toBe(true);
      expect(evaluate(flags, 'f', context, { now: 1_000_000 }).value).toBe(false);
    }
  });

  test('reads a context anew each time, though it is the same object', () => {
    const flags = compileFlags({ flags: { f: { ...on, targeting: { if: [{ var: 'x' }, 'on'] } } } });
    const context = { x: true };
    expect(evaluate(flags, 'f', context).value).toBe(true);
    context.x = false;
    expect(evaluate(flags, 'f', context).value).toBe(false);
  });

  test('returns objects that callers can not change', () => {
    const flags = compileFlags({ flags: { f: { ...on, variants: { off: { deep: [1] } } } } });
    const { value } = evaluate(flags, 'f', {});
    expect(() => (value as { deep: number[] }).deep.push(2)).toThrow(TypeError);
    expect(evaluate(flags, 'f', {}).value).toEqual({ deep: [1] });
  });

  test('needs no generated code, whatever the operator and however many the flags', () => {
    const x = { var: ['x', 1] };
    const operands: Record<string, unknown> = {
      var: 'x',
      missing: ['y'],
      missing_some: [1, ['y', 'z']],
      if: [x, 'on'],
      '?:': [x, 'on', 'off'],
      '==': [x, 1],
      '===': [x, 1],
      '!=': [x, 2],
      '!==': [x, 2],
      '>': [x, 0],
      '>=': [x, 1],
      '<': [0, x, 2],
      '<=': [0, x, 1],
      '!': [false],
      '!!': [x],
      or: [false, x],
      and: [true, x],
      '+': [x, 1],
      '-': [x, 2],
      '*': [x, 2],
      '/': [x, 2],
      '%': [3, 2],
      max: [x, 2],
      min: [x, 2],
      map: [[1], { var: '' }],
      filter: [[1], { var: '' }],
      reduce: [[1], { '+': [{ var: 'current' }, { var: 'accumulator' }] }, 0],
      all: [[1], { var: '' }],
      none: [[0], { var: '' }],
      some: [[1], { var: '' }],
      merge: [[1], [2]],
      in: [x, [1, 2]],
      cat: ['a', x],
      substr: ['abc', 1],
      starts_with: ['abc', 'a'],
      ends_with: ['abc', 'c'],
      sem_ver: ['1.2.3', '^', '1.0.0'],
      fractional: ['salt', [true, 1]],
    };
    expect(Object.keys(operands).toSorted()).toEqual([...operators.keys()].toSorted());
    const script = `
      import { compileFlags, evaluate } from '@graylane/flags';
      const flags = {};
      for (const [operator, operand] of Object.entries(${JSON.stringify(operands)})) {
        flags[operator] = { ...${JSON.stringify(on)}, targeting: { if: [{ [operator]: operand }, 'on'] } };
      }
      for (let index = Object.keys(flags).length; index < 10_000; index += 1) flags['f' + index] = flags.in;
      const set = compileFlags({ flags });
      const off = [...set.keys()].filter((key) => evaluate(set, key, { x: 1 }).value !== true);
      if (set.size !== 10_000 || off.length > 0) throw new Error(set.size + ': ' + off.join());
      try { new Function('return 1'); } catch { process.exit(0); }
      throw new Error('code can be generated here');`;
    const args = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script];
    execFileSync(process.execPath, args, { cwd: import.meta.dirname });
  });

  test('takes its options from the metadata of the set and of the flag, the flag going first', () => {
    const flags = compileFlags({
      metadata: { owner: 'a', version: '1' },
      flags: { f: { ...on, metadata: { owner: 'b', deep: {}, n: 1 } } },
    });
    expect(evaluate(flags, 'f', {}).flagMetadata).toEqual({ owner: 'b', version: '1', n: 1 });
    expect(evaluate(flags, 'nobody', {}).flagMetadata).toEqual({ owner: 'a', version: '1' });
  });

  test('lets a rule name a variant by a boolean or a number', () => {
    const variants = { true: 'yes', false: 'no', 7: 'seven' };
    const flags = compileFlags({
      flags: { f: { state: 'ENABLED', variants, defaultVariant: 'false', targeting: { var: 'x' } } },
    });
    expect(evaluate(flags, 'f', { x: true })).toMatchObject({ value: 'yes', variant: 'true' });
    expect(evaluate(flags, 'f', { x: false })).toMatchObject({
      value: 'no',
      variant: 'false',
      reason: 'TARGETING_MATCH',
    });
    expect(evaluate(flags, 'f', { x: 7 })).toMatchObject({ value: 'seven', variant: '7' });
    expect(evaluate(flags, 'f', { x: [7] })).toMatchObject({ errorCode: 'GENERAL' });
  });

  test('finds the first branch that holds in a long chain, of whatever type the fact is', () => {
    const tier = { var: 'tier' };
    const chain = [
      [{ '==': [tier, '5'] }, 'five'],
      [{ '===': [tier, 'a'] }, 'a'],
      [{ '==': ['b', tier] }, 'never looked up'],
      [{ in: [tier, ['c', 'a', 'd']] }, 'c or d'],
      [{ '==': [tier, 'c'] }, 'never'],
      [{ '==': [tier, 'd'] }, 'never'],
      [{ '==': [tier, 'e'] }, 'e'],
    ];
    const names = [...chain.map(([, name]) => String(name)), 'other'];
    const variants = Object.fromEntries(names.map((name) => [name, name]));
    const targeting = { if: [...chain.flat(), 'other'] };
    const flags = compileFlags({ flags: { f: { state: 'ENABLED', variants, targeting } } });
    const answers: ReadonlyArray<[unknown, string]> = [
      ['5', 'five'],
      [5, 'five'],
      [['5'], 'five'],
      ['a', 'a'],
      [['a'], 'other'],
      ['b', 'never looked up'],
      ['c', 'c or d'],
      ['d', 'c or d'],
      ['e', 'e'],
      ['f', 'other'],
      ['__proto__', 'other'],
      [null, 'other'],
      [undefined, 'other'],
      [{}, 'other'],
    ];
    for (const [value, variant] of answers) {
      expect([value, evaluate(flags, 'f', { tier: value }).variant]).toEqual([value, variant]);
    }
  });

  test('sees the own facts of a context, whatever kind of object it is', () => {
    const flags = compileFlags({ flags: { f: { ...on, targeting: { if: [{ var: 'x' }, 'on'] } } } });
    class Facts {
      own = true;
      get x() {
        return this.own;
      }
    }
    const nobody: unknown[] = [new Facts(), Object.create({ x: true }), [true], null, undefined, 'x', 7];
    for (const context of nobody) {
      expect(evaluate(flags, 'f', context as Record<string, unknown>)).toMatchObject({ reason: 'DEFAULT' });
    }
    const somebody = [
      { x: true },
      Object.assign(Object.create(null), { x: true }),
      new Proxy({ x: true }, {}),
    ];
    for (const context of somebody) {
      expect(evaluate(flags, 'f', context as Record<string, unknown>).value).toBe(true);
    }
  });

  test('reads a list of flags that carry their key', () => {
    const flags = compileFlags({ flags: [{ key: 'f', ...on }, { ...on }, 7] });
    expect(evaluate(flags, 'f', {}).value).toBe(false);
    expect(flags.warnings.map(({ path }) => path)).toEqual(['$.flags[1]', '$.flags[2]']);
  });
});

describe('hostile input', () => {
  test.each(special)('%s is an ordinary name of a flag, a variant and a variable', (name) => {
    const document = JSON.parse(
      `{"flags": {"${name}": {"state": "ENABLED", "variants": {"${name}": "x", "other": "y"}, "defaultVariant": "other",
        "targeting": {"if": [{"==": [{"var": "${name}"}, "gray"]}, "${name}"]}}}}`,
    ) as object;
    const flags = compileFlags(document);
    expect(flags.warnings).toEqual([]);
    const gray = JSON.parse(`{"${name}": "gray"}`) as Record<string, unknown>;
    expect(evaluate(flags, name, gray)).toMatchObject({ value: 'x', variant: name });
    expect(evaluate(flags, name, {})).toMatchObject({ value: 'y', reason: 'DEFAULT' });
    expect(evaluate(compileFlags({ flags: {} }), name, {}).errorCode).toBe('FLAG_NOT_FOUND');
  });

  test('never makes an evaluation throw, whatever rules, contexts and definitions are', () => {
    const junk = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      maxDepth: 4,
    });
    const operator = fc.constantFrom(
      'var',
      'if',
      '==',
      '+',
      'cat',
      'substr',
      'map',
      'reduce',
      'in',
      'missing',
      'missing_some',
      'fractional',
      'sem_ver',
      'merge',
      'max',
      '$ref',
      'starts_with',
      '!',
    );
    const rule = fc.tuple(operator, junk).map(([name, operand]) => ({ [name]: operand }));
    fc.assert(
      fc.property(fc.oneof(rule, junk), junk, (targeting, context) => {
        const flags = compileFlags({ flags: { f: { ...on, targeting } } });
        expect(evaluate(flags, 'f', context as Record<string, unknown>).reason).toBeTypeOf('string');
        expect(Array.isArray(flags.warnings)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    ['deep rules', () => nested(100_000)],
    ['a deep rule under its bound for references', () => nested(101)],
    ['a list that grows at each step', () => doubling(40, 'merge')],
    ['a text that grows at each step', () => doubling(60, 'cat')],
    ['loops in loops', () => loops(6)],
  ])('%s end with an error code', (_name, rule) => {
    const flags = compileFlags({ flags: { f: { ...on, targeting: { if: [rule(), 'on'] } }, g: on } });
    const big = { list: Array.from({ length: 1000 }, (_, index) => index) };
    const { errorCode, errorMessage } = evaluate(flags, 'f', big);
    expect(errorCode).toMatch(/PARSE_ERROR|GENERAL/);
    expect(errorMessage).toMatch(/deeper|steps|longer|more than/);
    expect(evaluate(flags, 'g', big).value).toBe(false);
  });

  test('of a getter that throws fails that flag alone', () => {
    const flags = compileFlags({ flags: { f: { ...on, targeting: { if: [{ var: 'x' }, 'on'] } } } });
    const context = {
      get x(): boolean {
        throw new Error('no');
      },
    };
    expect(evaluate(flags, 'f', context)).toMatchObject({
      errorCode: 'GENERAL',
      errorMessage: expect.stringContaining('no'),
    });
  });
});

describe('a document that is none', () => {
  test.each([
    ['', 'invalid_json', 'unexpected end of the document'],
    ['{"flags": {"a": }}', 'invalid_json', 'line 1, column 17'],
    ['{\n  "flags": {},\n}', 'invalid_json', 'line 3, column 1'],
    ['[]', 'invalid_document', '"flags"'],
    ['null', 'invalid_document', '"flags"'],
    [undefined, 'invalid_document', '"flags"'],
    [{}, 'invalid_document', '"flags"'],
    [{ flags: 'x' }, 'invalid_document', '"flags"'],
  ])('%j is refused with %s and the remedy', (document, code, words) => {
    let error: unknown;
    try {
      compileFlags(document);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(FlagsError);
    expect((error as FlagsError).code).toBe(code);
    expect((error as FlagsError).message).toContain(words);
  });
});

function nested(levels: number): object {
  let rule: object = { var: 'x' };
  for (let level = 0; level < levels; level += 1) rule = { '!': [rule] };
  return rule;
}

function doubling(times: number, operator: string): object {
  const double = { [operator]: [{ var: 'accumulator' }, { var: 'accumulator' }] };
  return { reduce: [Array.from({ length: times }, () => 0), double, operator === 'cat' ? 'x' : [0]] };
}

function loops(levels: number): object {
  let rule: object = { '>': [{ var: '' }, -1] };
  for (let level = 0; level < levels; level += 1) rule = { all: [[...Array(100).keys()], rule] };
  return rule;
}
