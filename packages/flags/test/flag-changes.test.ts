import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  applyFlagChanges,
  applyFlagChangesInSteps,
  changedFlags,
  checkFlagChanges,
  checkFlags,
  compileFlags,
  evaluate,
  FlagsError,
  type FlagChanges,
} from '../src/index.ts';

const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const gray = { '==': [{ var: 'lane' }, 'gray'] };
const ruled = { ...flag, targeting: { if: [{ $ref: 'gray' }, 'on'] } };
const small = {
  metadata: { version: '1' },
  $evaluators: { gray, eu: { '==': [{ var: 'region' }, 'eu'] } },
  flags: { plain: flag, ruled, other: { ...flag, targeting: { if: [{ $ref: 'eu' }, 'on'] } } },
};

/** The effect of a change on a document, in the simplest code. */
function changedDocument(document: Record<string, unknown>, changes: FlagChanges): Record<string, unknown> {
  const { flags = {}, ...members } = changes;
  const next: Record<string, unknown> = { ...document, ...members };
  const definitions: Record<string, unknown> = { ...(document['flags'] as object), ...flags };
  for (const [key, value] of Object.entries(definitions)) if (value === null) delete definitions[key];
  for (const [key, value] of Object.entries(next)) if (value === null) delete next[key];
  return { ...next, flags: definitions };
}

const definition = fc.constantFrom<unknown>(
  flag,
  ruled,
  null,
  { ...flag, state: 'DISABLED' },
  { ...flag, targeting: { iff: [] } },
  7,
);
const change: fc.Arbitrary<FlagChanges> = fc.record(
  {
    flags: fc.dictionary(fc.constantFrom('plain', 'ruled', 'other', 'new', '__proto__'), definition, {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    $evaluators: fc.constantFrom<unknown>({ gray }, { gray: true, eu: true }, small.$evaluators, {}, null, 7),
    metadata: fc.constantFrom<unknown>({ version: '1' }, { fractionalHash: 'v3' }, {}, null),
  },
  { requiredKeys: [] },
);

describe('a change of a set of flags', () => {
  test('makes what compiling the changed document makes, however many follow each other', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        let document: Record<string, unknown> = small;
        let flags = compileFlags(document);
        for (const [index, next] of changes.entries()) {
          const before = flags;
          // Sets whose problems were looked at hand them on.
          if (index % 2 === 0) expect(before.warnings).toBeDefined();
          document = changedDocument(document, next);
          const alone = compileFlags(document);
          flags = applyFlagChanges(flags, next);
          expect([...flags.keys()].toSorted()).toEqual([...alone.keys()].toSorted());
          expect(flags.metadata).toEqual(alone.metadata);
          expect(flags.document).toEqual(document);
          for (const key of [...alone.keys(), 'plain'])
            for (const context of [{}, { lane: 'gray' }, { region: 'eu' }])
              expect(evaluate(flags, key, context)).toEqual(evaluate(alone, key, context));
          const order = ({ path }: { path: string }): string => path;
          expect(flags.warnings.map(order).toSorted()).toEqual(alone.warnings.map(order).toSorted());
          const slow = changedFlags(compileFlags(before.document), alone);
          expect(changedFlags(before, flags).toSorted()).toEqual(
            changedFlags(before, compileFlags(document, { previous: before })).toSorted(),
          );
          for (const key of changedFlags(before, flags)) expect(slow).toContain(key);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('leaves the set that it changes as it is, and keeps how that set was compiled', () => {
    const before = compileFlags(small, { fractionalHash: 'v3', generateCodeAfter: 7 });
    const after = applyFlagChanges(before, {
      flags: { plain: null, added: flag },
      $evaluators: { gray: true },
    });
    expect([...before.keys()]).toEqual(['plain', 'ruled', 'other']);
    expect(evaluate(before, 'ruled', {}).value).toBe(false);
    expect(evaluate(after, 'ruled', {}).value).toBe(true);
    expect(evaluate(after, 'plain', {}).errorCode).toBe('FLAG_NOT_FOUND');
    const options = { previous: after, fractionalHash: 'v3', generateCodeAfter: 7 } as const;
    expect(compileFlags(after.document, options).get('ruled')).toBe(after.get('ruled'));
  });

  test('recompiles what refers to an evaluator that differs, and nothing else', () => {
    const before = compileFlags(small);
    const after = applyFlagChanges(before, { $evaluators: { ...small.$evaluators, gray: true } });
    expect(changedFlags(before, after)).toEqual(['ruled']);
    expect(after.get('other')).toBe(before.get('other'));
    expect(after.get('plain')).toBe(before.get('plain'));
  });

  test.each([null, 'x', [], { flags: 'x' }, { flags: [] }])('is refused where it is %j', (changes) => {
    expect(() => applyFlagChanges(compileFlags(small), changes as FlagChanges)).toThrow(FlagsError);
    expect(() => checkFlagChanges(compileFlags(small), changes as FlagChanges)).toThrow(FlagsError);
  });
});

describe('a change in steps', () => {
  const size = 4000;
  const entries = (definitionOf: (index: number) => unknown): Record<string, unknown> =>
    Object.fromEntries(Array.from({ length: size }, (_, index) => [`flag-${index}`, definitionOf(index)]));

  test.each<[string, (index: number) => unknown, FlagChanges]>([
    ['an evaluator that no flag uses', () => flag, { $evaluators: { gray: { '==': [1, 1] } } }],
    ['an evaluator that few flags use', rulesFew, { $evaluators: { gray: { '==': [1, 1] } } }],
    ['an evaluator that all flags use', () => ruled, { $evaluators: { gray: { '==': [1, 1] } } }],
    ['the metadata', rulesFew, { metadata: { version: '2' } }],
    ['kills', rulesFew, { $killed: { flags: { 'flag-7': {} }, lanes: { gray: {} } } }],
    [
      'all of it, and flags',
      () => ruled,
      {
        $evaluators: { gray: true },
        metadata: null,
        flags: { 'flag-1': null, 'flag-2': { ...flag, defaultVariant: 'on' }, 'flag-new': flag },
      },
    ],
  ])('looks at few flags a step, and makes the same set: %s', (_what, definitionOf, changes) => {
    const document = { ...small, flags: entries(definitionOf) };
    const before = compileFlags(document);
    const steps = applyFlagChangesInSteps(before, changes);
    let count = 1;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) count += 1;
    expect(count).toBeGreaterThan(size / 20);
    const after = step.value;
    const expected = compileFlags(changedDocument(document, changes));
    expect(after.document).toEqual(expected.document);
    expect([...after.keys()]).toEqual([...expected.keys()]);
    expect(after.warnings).toEqual(expected.warnings);
    const context = { lane: 'gray', region: 'eu' };
    for (const key of expected.keys())
      expect(evaluate(after, key, context)).toEqual(evaluate(expected, key, context));
    // The set before is as it was.
    expect(before.document).toEqual(document);
    const original = compileFlags(document);
    for (const key of ['flag-1', 'flag-2', 'flag-7'])
      expect(evaluate(before, key, context)).toEqual(evaluate(original, key, context));
  });

  function rulesFew(index: number): unknown {
    return index % 100 === 0 ? ruled : flag;
  }
});

describe.each([10, 10_000])('one changed flag of %i', (size) => {
  let looks = 0;
  const counting: ProxyHandler<typeof flag> = {
    get: (target, key) => ((looks += 1), Reflect.get(target, key)),
    ownKeys: (target) => ((looks += 1), Reflect.ownKeys(target)),
    getOwnPropertyDescriptor: (target, key) => ((looks += 1), Reflect.getOwnPropertyDescriptor(target, key)),
  };
  const flags = Object.fromEntries(
    Array.from({ length: size }, (_, index) => [
      `f${index}`,
      index === 3 || index === 4 ? ruled : new Proxy({ ...ruled }, counting),
    ]),
  );
  const before = compileFlags({ ...small, flags });
  expect(before.warnings).toEqual([]);

  test('costs that flag: no other is looked at, compiled, checked or compared', () => {
    looks = 0;
    const [set, get, has] = (['set', 'get', 'has'] as const).map((name) => vi.spyOn(Map.prototype, name));
    const changes = { flags: { f3: { ...flag, defaultVariant: 'blue' }, f4: null } };
    const problems = checkFlagChanges(before, changes);
    const after = applyFlagChanges(before, changes);
    const keys = changedFlags(before, after);
    const faults = after.get('f3')?.problems.length;
    const warnings = after.warnings.length;
    const work = [set, get, has].reduce((sum, spy) => sum + (spy?.mock.calls.length ?? 0), 0);
    vi.restoreAllMocks();
    expect(keys).toEqual(['f3', 'f4']);
    expect([problems.length, faults, warnings]).toEqual([1, 1, 1]);
    expect(looks).toBe(0);
    expect(work).toBeLessThan(150);
    expect(after.get('f5')).toBe(before.get('f5'));
    expect(after.size).toBe(size - 1);
  });
});

describe('checkFlagChanges', () => {
  const set = compileFlags({ ...small, flags: { ...small.flags, broken: { state: 'ON' } } });

  test.each<[string, FlagChanges, readonly string[]]>([
    ['a right change', { flags: { plain: ruled, broken: null }, metadata: {} }, []],
    ['a change beside a fault that is there already', { flags: { plain: flag } }, []],
    ['a flag that is wrong', { flags: { plain: { ...flag, state: 'ON' } } }, ['$.flags.plain.state']],
    ['a flag without a key', { flags: { '': flag } }, ['$.flags']],
    [
      'a reference to nothing',
      { flags: { plain: { ...flag, targeting: { $ref: 'x' } } } },
      ['$.flags.plain.targeting.$ref'],
    ],
    [
      'a reference to an evaluator that comes with it',
      {
        flags: { plain: { ...flag, targeting: { $ref: 'x' } } },
        $evaluators: { ...small.$evaluators, x: gray },
      },
      [],
    ],
    ['an evaluator that is wrong', { $evaluators: { ...small.$evaluators, x: 7 } }, ['$["$evaluators"].x']],
    [
      'evaluators that are no object',
      { $evaluators: 7, flags: { ruled: flag, other: flag } },
      ['$["$evaluators"]'],
    ],
    ['a removed evaluator that is used', { $evaluators: { gray } }, ['$.flags.other.targeting.if[0].$ref']],
    ['a removed evaluator whose user goes, too', { $evaluators: { gray }, flags: { other: null } }, []],
    ['metadata that is wrong', { metadata: { version: 1 } }, ['$.metadata.version']],
  ])('judges %s', (_name, changes, paths) => {
    expect(checkFlagChanges(set, changes).map(({ path }) => path)).toEqual(paths);
  });

  test('finds what checking the whole document finds, where the set had no fault', () => {
    const whole = compileFlags(small);
    fc.assert(
      fc.property(change, (changes) => {
        const all = checkFlags(changedDocument(small, changes)).map(({ path }) => path);
        expect([...new Set(checkFlagChanges(whole, changes).map(({ path }) => path))].toSorted()).toEqual(
          [...new Set(all)].toSorted(),
        );
      }),
      { numRuns: 500 },
    );
  });
});
