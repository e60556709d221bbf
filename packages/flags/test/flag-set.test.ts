import { describe, expect, test } from 'vitest';
import { changedFlags, compileFlags, evaluate } from '../src/index.ts';

const rule = { if: [{ $ref: 'gray' }, 'on'] };
const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const document = {
  metadata: { version: '1' },
  $evaluators: { gray: { '==': [{ var: 'lane' }, 'gray'] } },
  flags: { plain: flag, ruled: { ...flag, targeting: rule } },
};

describe('a set compiled with the one before', () => {
  test('takes over the flags that are the same, and compiles the others', () => {
    const before = compileFlags(document);
    const after = compileFlags(
      { ...structuredClone(document), flags: { ...structuredClone(document.flags), added: flag } },
      { previous: before },
    );
    expect(after.get('plain')).toBe(before.get('plain'));
    expect(after.get('ruled')).toBe(before.get('ruled'));
    expect(changedFlags(before, after)).toEqual(['added']);
  });

  test('compiles anew what depends on an evaluator that changed, and nothing else', () => {
    const before = compileFlags(document);
    const after = compileFlags({ ...document, $evaluators: { gray: true } }, { previous: before });
    expect(after.get('plain')).toBe(before.get('plain'));
    expect(evaluate(before, 'ruled', {}).value).toBe(false);
    expect(evaluate(after, 'ruled', {}).value).toBe(true);
    expect(changedFlags(before, after)).toEqual(['ruled']);
  });

  test('compiles anew where the metadata or the hash of the set changed', () => {
    const before = compileFlags(document);
    const after = compileFlags({ ...document, metadata: { version: '2' } }, { previous: before });
    expect(evaluate(after, 'plain', {}).flagMetadata).toEqual({ version: '2' });
    expect(compileFlags(document, { previous: before, fractionalHash: 'v3' }).get('plain')).not.toBe(
      before.get('plain'),
    );
  });

  test('evaluates like one that is compiled alone', () => {
    const edits = [
      {},
      { plain: null },
      { plain: flag },
      { plain: { ...flag, state: 'DISABLED' } },
      { other: { ...flag, targeting: { iff: [] } } },
    ];
    let previous = compileFlags(document);
    for (const edit of edits) {
      const next = { ...document, flags: { ...document.flags, ...edit } };
      const incremental = compileFlags(next, { previous });
      const alone = compileFlags(next);
      for (const key of ['plain', 'ruled', 'other']) {
        for (const context of [{}, { lane: 'gray' }]) {
          expect(evaluate(incremental, key, context)).toEqual(evaluate(alone, key, context));
        }
      }
      expect(incremental.warnings).toEqual(alone.warnings);
      previous = incremental;
    }
  });
});

describe('a bad flag', () => {
  test('that throws when it is looked at fails alone', () => {
    const bad = {
      get state(): string {
        throw new Error('not now');
      },
    };
    const flags = compileFlags({ flags: { bad, good: flag } });
    expect(evaluate(flags, 'bad', {})).toMatchObject({
      errorCode: 'GENERAL',
      errorMessage: expect.stringContaining('not now'),
    });
    expect(evaluate(flags, 'good', {}).value).toBe(false);
    expect(flags.warnings.map(({ path }) => path)).toEqual(['$.flags.bad']);
  });

  test('that a shared rule breaks has the place in that rule', () => {
    const flags = compileFlags({ ...document, $evaluators: { gray: { and: [true, { iff: [] }] } } });
    expect(flags.warnings.map(({ path }) => path)).toEqual(['$["$evaluators"].gray.and[1].iff']);
  });

  test.each([
    ['no object', 7, '$.flags.bad', 'PARSE_ERROR'],
    ['no state', { variants: { on: true } }, '$.flags.bad.state', 'PARSE_ERROR'],
    ['no variants', { state: 'ENABLED', variants: {} }, '$.flags.bad.variants', 'PARSE_ERROR'],
    [
      'a default that is no variant',
      { ...flag, defaultVariant: 'blue' },
      '$.flags.bad.defaultVariant',
      'GENERAL',
    ],
    [
      'an operator that is none',
      { ...flag, targeting: { iff: [] } },
      '$.flags.bad.targeting.iff',
      'PARSE_ERROR',
    ],
    [
      'a reference to nothing',
      { ...flag, targeting: { $ref: 'x' } },
      '$.flags.bad.targeting.$ref',
      'PARSE_ERROR',
    ],
  ])('with %s has its error code, and breaks no other', (_fault, bad, path, errorCode) => {
    const flags = compileFlags({ flags: { bad, good: flag } });
    expect(evaluate(flags, 'bad', {})).toMatchObject({ reason: 'ERROR', errorCode });
    expect(evaluate(flags, 'good', {})).toMatchObject({ value: false, reason: 'STATIC' });
    expect(flags.warnings).toHaveLength(1);
    expect(flags.warnings[0]).toEqual({ path, message: expect.any(String), remedy: expect.any(String) });
  });
});
