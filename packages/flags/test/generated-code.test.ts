import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { compileFlags, evaluate } from '../src/index.ts';

const flag = { state: 'ENABLED', variants: { a: 1, b: 2, c: 3, d: 4 }, defaultVariant: 'd' };

/** Names and strings that would break out of a JavaScript string without escaping. */
const delicate = [
  '"',
  "'",
  '\\',
  '`${x}`',
  '*/',
  '\n',
  '\u2028',
  '\ud800',
  '</script>',
  'constructor',
  '__proto__',
];
const key = fc.oneof({ weight: 5, arbitrary: fc.constantFrom('env', 'n') }, fc.constantFrom(...delicate));
const text = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('a', '5', '') }, fc.constantFrom(...delicate));
const constant = fc.oneof(text, fc.constantFrom(0, 1, 5), fc.constantFrom(-0, 1.5, true, false, null));
const fact = fc.oneof(constant, fc.constantFrom(undefined, [], ['a'], {}, Number.NaN, '1e3'));
const variable = key.map((name) => ({ var: name }));
const { condition } = fc.letrec((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    variable,
    fc
      .tuple(
        fc.constantFrom('==', '===', '!=', '!==', '<', '<=', '>', '>='),
        fc.oneof(fc.tuple(variable, constant), fc.tuple(constant, variable)),
      )
      .map(operation),
    fc
      .tuple(
        variable,
        fc.oneof(fc.array(text, { maxLength: 4 }), fc.array(text, { minLength: 8, maxLength: 12 })),
      )
      .map((operands) => ({ in: operands })),
    fc.tuple(variable, text).map((operands) => ({ starts_with: operands })),
    tie('condition').map((operand) => ({ '!': [operand] })),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('condition'), { minLength: 1, maxLength: 3 }))
      .map(operation),
  ),
}));
const branch = fc.tuple(condition, fc.constantFrom<unknown>('a', 'b', { var: 'env' }, null, 'nobody'));
const chain = fc.array(branch, { minLength: 2, maxLength: 6 }).map((branches) => ({ if: branches.flat() }));
const context = fc
  .array(fc.tuple(key, fact), { minLength: 2, maxLength: 6 })
  .map((facts) => Object.fromEntries(facts));

describe('a chain as generated code', () => {
  afterEach(() => vi.restoreAllMocks());

  test('has the results of the closures, for any conditions, names and facts', () => {
    fc.assert(
      fc.property(chain, fc.array(context, { minLength: 1, maxLength: 4 }), (targeting, contexts) => {
        const document = { flags: { f: { ...flag, targeting } } };
        const generated = compileFlags(document, { generateCodeAfter: 0 });
        const closures = compileFlags(document, { generateCodeAfter: Number.POSITIVE_INFINITY });
        for (const data of contexts)
          expect(evaluate(generated, 'f', data)).toEqual(evaluate(closures, 'f', data));
      }),
      { numRuns: 3000 },
    );
  });

  test('takes no text of a rule for code', () => {
    const name = 'a"] ?? (broken = 1) ?? data["a';
    const wanted = 'a" || (broken = 1) || "a';
    const targeting = { if: [{ '==': [{ var: name }, 'x'] }, 'a', { in: [{ var: 'b' }, [wanted]] }, 'b'] };
    const flags = compileFlags({ flags: { f: { ...flag, targeting } } }, { generateCodeAfter: 0 });
    expect(evaluate(flags, 'f', { [name]: 'x' }).variant).toBe('a');
    expect(evaluate(flags, 'f', { b: wanted }).variant).toBe('b');
    expect(evaluate(flags, 'f', { a: 'x', b: 'a' }).variant).toBe('d');
  });

  test('is made after so many evaluations, once, and from then on used', () => {
    const made = vi.spyOn(globalThis, 'Function');
    const flags = compileFlags({ flags: { f: { ...flag, targeting: twoFacts } } }, { generateCodeAfter: 3 });
    const ask = (): unknown => evaluate(flags, 'f', { env: 'gray', region: 'cn' }).variant;
    expect([ask(), ask(), ask()]).toEqual(['b', 'b', 'b']);
    expect(made).not.toHaveBeenCalled();
    expect([ask(), ask()]).toEqual(['b', 'b']);
    expect(made).toHaveBeenCalledTimes(1);
  });

  test('is never made where that is wanted', () => {
    const made = vi.spyOn(globalThis, 'Function');
    const document = { flags: { f: { ...flag, targeting: twoFacts } } };
    const flags = compileFlags(document, { generateCodeAfter: Number.POSITIVE_INFINITY });
    for (let times = 0; times < 2000; times += 1) evaluate(flags, 'f', {});
    expect(made).not.toHaveBeenCalled();
  });

  test.each([
    [
      'a list of 100,000',
      { if: [{ in: [{ var: 'n' }, numbered(100_000)] }, 'a', { '<': [{ var: 'm' }, 3] }, 'b'] },
    ],
    ['2,000 branches', { if: numbered(2000).flatMap((name) => [{ '==': [{ var: name }, 1] }, 'a']) }],
    [
      'a branch of 10,000 conditions',
      {
        if: [{ or: numbered(10_000).map((name) => ({ '==': [{ var: name }, 1] })) }, 'a', { var: 'm' }, 'b'],
      },
    ],
  ])('is made in pieces of bounded length, at most one an evaluation, of %s', (_name, targeting) => {
    const made = vi.spyOn(globalThis, 'Function');
    const document = { flags: { f: { ...flag, targeting } } };
    const flags = compileFlags(document, { generateCodeAfter: 3 });
    const closures = compileFlags(document, { generateCodeAfter: Number.POSITIVE_INFINITY });
    for (let times = 0; times < 100; times += 1) {
      const before = made.mock.calls.length;
      const facts = { n: `x${times * 1000}`, m: times, [`x${times * 20}`]: 1 };
      expect(evaluate(flags, 'f', facts)).toEqual(evaluate(closures, 'f', facts));
      expect(made.mock.calls.length - before).toBeLessThanOrEqual(1);
    }
    expect(made).toHaveBeenCalled();
    for (const [, code] of made.mock.calls) expect(code?.length).toBeLessThanOrEqual(32_000);
  });

  test('leaves no trace where the runtime forbids to make code of text', () => {
    const document = JSON.stringify({ flags: { f: { ...flag, targeting: twoFacts } } });
    const script = `
      import { compileFlags, evaluate } from '@graylane/flags';
      const flags = compileFlags(${document}, { generateCodeAfter: 0 });
      for (let times = 0; times < 3; times += 1)
        if (evaluate(flags, 'f', { env: 'live', region: 'cn' }).variant !== 'b') process.exit(1);`;
    const args = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script];
    execFileSync(process.execPath, args, { cwd: import.meta.dirname });
  });
});

const twoFacts = { if: [{ '==': [{ var: 'env' }, 'test'] }, 'a', { '==': [{ var: 'region' }, 'cn'] }, 'b'] };

function numbered(length: number): string[] {
  return Array.from({ length }, (_, index) => `x${index}`);
}

function operation([operator, operands]: readonly [string, unknown]): object {
  return { [operator]: operands };
}
