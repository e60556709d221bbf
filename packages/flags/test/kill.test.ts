import { FlagdCore } from '@openfeature/flagd-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyFlagChanges,
  changedFlags,
  checkFlags,
  compileFlags,
  evaluate,
  explain,
  plainMembers,
  type FlagSet,
} from '../src/index.ts';

const lane = {
  state: 'ENABLED',
  variants: { gray: 'gray', 'gray-control': 'gray-control', 'team-a': 'team-a', baseline: 'baseline' },
  defaultVariant: 'baseline',
  targeting: { if: [{ in: [{ var: 'group' }, ['gray', 'team-a', 'gray-control']] }, { var: 'group' }] },
};
const onOff = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const document = {
  $evaluators: {
    gray: { '===': [{ var: ['lane', 'baseline'] }, 'gray'] },
    eu: { '==': [{ var: 'region' }, 'eu'] },
  },
  flags: {
    lane,
    fees: { ...onOff, targeting: { if: [{ '===': [{ var: 'lane' }, 'gray'] }, 'on'] } },
    shared: { ...onOff, targeting: { if: [{ $ref: 'gray' }, 'on'] } },
    dyed: { ...onOff, targeting: { if: [{ '!=': [{ var: 'lane' }, 'baseline'] }, 'on'] } },
    region: { ...onOff, targeting: { if: [{ $ref: 'eu' }, 'on'] } },
    color: { state: 'ENABLED', variants: { gray: 'gray', red: 'red' }, defaultVariant: 'gray' },
    mobile: { state: 'ENABLED', variants: { a: 'gray', b: '' }, defaultVariant: 'a' },
  },
};
const gray = { lanes: { gray: { author: 'ada' } } };

function valueOf(flags: FlagSet, key: string, context: Record<string, unknown> = {}): unknown {
  return evaluate(flags, key, context).value;
}

describe('a killed lane', () => {
  const killed = compileFlags({ ...document, $killed: gray });

  test('is not yielded by a dye rule, nor is its control; other lanes are', () => {
    expect(valueOf(killed, 'lane', { group: 'gray' })).toBe('baseline');
    expect(valueOf(killed, 'lane', { group: 'gray-control' })).toBe('baseline');
    expect(valueOf(killed, 'lane', { group: 'team-a' })).toBe('team-a');
    expect(valueOf(killed, 'mobile')).toBe('baseline');
  });

  test('reads as baseline in rules and shared rules, with requests that were dyed before', () => {
    const dyed = { lane: 'gray', region: 'eu' };
    expect(['fees', 'shared', 'dyed'].map((key) => valueOf(killed, key, dyed))).toEqual([
      false,
      false,
      false,
    ]);
    expect(valueOf(killed, 'dyed', { lane: 'team-a' })).toBe(true);
    expect(valueOf(killed, 'region', dyed)).toBe(true);
  });

  test('leaves string flags that do not dye as they are', () => {
    expect(valueOf(killed, 'color')).toBe('gray');
  });

  test('wins whatever a later change writes into the dye rule', () => {
    const everyone = { ...lane, targeting: { fractional: [['gray', 100]] } };
    const later = applyFlagChanges(killed, { flags: { lane: everyone } });
    expect(valueOf(later, 'lane', { targetingKey: 'ada' })).toBe('baseline');
    expect(later.get('lane')?.definition).toBe(everyone);
  });

  test('wins in the same change that writes the dye rule', () => {
    const everyone = { ...lane, defaultVariant: 'gray', targeting: {} };
    const before = compileFlags(document);
    const after = applyFlagChanges(before, { flags: { lane: everyone }, $killed: gray });
    expect(valueOf(after, 'lane')).toBe('baseline');
  });

  test('comes back with the definitions as they were when it is lifted', () => {
    const lifted = applyFlagChanges(killed, { flags: {}, $killed: null });
    expect(lifted.document).toEqual(document);
    expect(valueOf(lifted, 'lane', { group: 'gray' })).toBe('gray');
    expect(valueOf(lifted, 'fees', { lane: 'gray' })).toBe(true);
  });

  test('has its override in the explanation', () => {
    const { evaluation, rule } = explain(killed, 'fees', { lane: 'gray' });
    expect(evaluation.value).toBe(false);
    expect(rule).toBeDefined();
  });
});

describe('a lane whose release is off', () => {
  const off = compileFlags({ ...document, $killed: { releases: { gray: { rollout: 'r1' } } } });

  test('is yielded by a dye rule, as is its control', () => {
    expect(valueOf(off, 'lane', { group: 'gray' })).toBe('gray');
    expect(valueOf(off, 'lane', { group: 'gray-control' })).toBe('gray-control');
  });

  test('reads as baseline in rules and shared rules', () => {
    const values = ['fees', 'shared', 'dyed'].map((key) => valueOf(off, key, { lane: 'gray' }));
    expect(values).toEqual([false, false, false]);
    expect(valueOf(off, 'dyed', { lane: 'team-a' })).toBe(true);
  });

  test('is released by the change that ends it', () => {
    const on = applyFlagChanges(off, { $killed: null });
    expect(changedFlags(off, on).toSorted()).toEqual(['dyed', 'fees', 'shared']);
    expect(valueOf(on, 'fees', { lane: 'gray' })).toBe(true);
  });
});

describe('a killed flag', () => {
  const killed = compileFlags({ ...document, $killed: { flags: { fees: {} } } });

  test('is disabled, so that callers use the default of their code', () => {
    expect(evaluate(killed, 'fees', { lane: 'gray' })).toMatchObject({ reason: 'DISABLED' });
    expect(evaluate(killed, 'fees', { lane: 'gray' })).not.toHaveProperty('value');
    expect(valueOf(killed, 'shared', { lane: 'gray' })).toBe(true);
  });

  test('stays disabled when its definition is changed', () => {
    const later = applyFlagChanges(killed, { flags: { fees: { ...onOff, defaultVariant: 'on' } } });
    expect(evaluate(later, 'fees', {}).reason).toBe('DISABLED');
  });

  test('may be one that does not exist yet', () => {
    const early = compileFlags({ ...document, $killed: { flags: { later: {} } } });
    const later = applyFlagChanges(early, { flags: { later: onOff } });
    expect(evaluate(later, 'later', {}).reason).toBe('DISABLED');
  });
});

test('a kill changes the flags that it overrides and no others', () => {
  const before = compileFlags(document);
  const after = applyFlagChanges(before, { $killed: gray });
  expect(changedFlags(before, after).toSorted()).toEqual(['dyed', 'fees', 'lane', 'mobile', 'shared']);
  const anew = compileFlags({ ...document, $killed: gray }, { previous: before });
  expect(changedFlags(before, anew).toSorted()).toEqual(['dyed', 'fees', 'lane', 'mobile', 'shared']);
  expect(after.get('region')).toBe(before.get('region'));
  expect(anew.get('region')).toBe(before.get('region'));
});

const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

function firstVariant(key: string): 'gray' {
  return Object.keys(document.flags[key as 'lane'].variants)[0] as 'gray';
}

const kills = fc.record(
  {
    lanes: fc.dictionary(fc.constantFrom('gray', 'team-a'), fc.constant({})),
    releases: fc.dictionary(fc.constantFrom('gray', 'team-a'), fc.constant({})),
    flags: fc.dictionary(fc.constantFrom('lane', 'fees', 'region'), fc.constant({})),
  },
  { requiredKeys: [] },
);
const contexts = fc.record({
  group: fc.constantFrom('gray', 'gray-control', 'team-a', 'x'),
  lane: fc.constantFrom('gray', 'gray-control', 'team-a', 'baseline', ''),
  region: fc.constantFrom('eu', 'us'),
});

test('any order of kills and lifts is the same as compiling the document anew', () => {
  fc.assert(
    fc.property(fc.array(kills, { minLength: 1, maxLength: 4 }), contexts, (steps, context) => {
      let flags = compileFlags(document);
      for (const $killed of steps) flags = applyFlagChanges(flags, { $killed });
      const anew = compileFlags({ ...document, $killed: steps.at(-1) });
      for (const key of anew.keys())
        expect(evaluate(flags, key, context)).toEqual(evaluate(anew, key, context));
    }),
  );
});

test("flagd's own evaluator follows the plain document of every kill", () => {
  fc.assert(
    fc.property(kills, contexts, ($killed, context) => {
      const flags = compileFlags({ ...document, $killed });
      const plain = {
        ...plainMembers({ $evaluators: document.$evaluators, $killed }),
        flags: Object.fromEntries([...flags.keys()].map((key) => [key, flags.get(key)?.effective])),
      };
      expect(plain).not.toHaveProperty('$killed');
      expect(checkFlags(plain)).toEqual([]);
      const core = new FlagdCore(undefined, quiet);
      core.setConfigurations(JSON.stringify(plain));
      for (const key of flags.keys()) {
        const isText = typeof document.flags[key as 'lane'].variants[firstVariant(key)] === 'string';
        const theirs = isText
          ? core.resolveStringEvaluation(key, 'code', context, quiet)
          : core.resolveBooleanEvaluation(key, true, context, quiet);
        const byCode = isText ? 'code' : true;
        expect([key, theirs.value]).toEqual([key, evaluate(flags, key, context).value ?? byCode]);
      }
    }),
  );
});

test.each([
  ['a string', 'gray', '$killed is "gray"'],
  ['an unknown member', { lane: {} }, 'has the member "lane"'],
  ['an array of lanes', { lanes: ['gray'] }, '"lanes" is'],
  ['a name that is not a lane', { lanes: { 'Gray!': {} } }, 'is not a DNS label'],
  ['baseline', { lanes: { baseline: {} } }, 'baseline serves every request'],
  ['a control lane', { lanes: { 'gray-control': {} } }, 'together with its control lane'],
  ['too many lanes', { lanes: numbered(251) }, '"lanes" has 251 names, more than 250'],
  ['too many flags', { flags: numbered(1001) }, '"flags" has 1001 names, more than 1000'],
  ['an entry that is not an object', { flags: { fees: true } }, 'this is true'],
])('checks $killed: %s', (_what, $killed, message) => {
  const problems = checkFlags({ flags: {}, $killed });
  expect(problems.map((one) => one.message).join()).toContain(message);
  expect(() => compileFlags({ ...document, $killed })).not.toThrow();
});

function numbered(count: number): Record<string, object> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, {}]));
}
