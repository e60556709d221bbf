import { describe, expect, test, vi } from 'vitest';
import {
  applyFlagChanges,
  changedFlags,
  checkFlagChanges,
  compileFlags,
  evaluate,
  explain,
  mayRead,
} from '../src/index.ts';

// The mock of ./generate-code-at-once.ts would share modules between the copies.
vi.unmock('../src/set/flag-set.ts');
vi.resetModules();
const copy = await import('../src/index.ts');

const split = { fractional: [{ var: 'targetingKey' }, ['on', 50], ['off', 50]] };
const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const document = {
  $evaluators: { gray: { '==': [{ var: 'lane' }, 'gray'] } },
  flags: {
    plain: flag,
    ruled: { ...flag, targeting: { if: [{ $ref: 'gray' }, 'on', 'off'] } },
    split: { ...flag, targeting: split },
  },
};
const foreign = copy.compileFlags(document, { fractionalHash: 'v1' });
const own = compileFlags(document, { fractionalHash: 'v1' });
const users = Array.from({ length: 50 }, (_, index) => ({ targetingKey: `user-${index}`, lane: 'gray' }));

describe('a set of another copy of the package, e.g. of require beside import', () => {
  test('comes from another copy indeed', () => {
    expect(foreign.constructor).not.toBe(own.constructor);
  });

  test('is evaluated and explained alike', () => {
    for (const user of users) {
      expect(evaluate(foreign, 'split', user)).toEqual(evaluate(own, 'split', user));
      expect(evaluate(foreign, 'ruled', user).value).toBe(true);
    }
    const options = { now: 0 };
    expect(explain(foreign, 'ruled', { lane: 'gray' }, options)).toEqual(
      explain(own, 'ruled', { lane: 'gray' }, options),
    );
    expect(mayRead(foreign.get('ruled') as never, new Set(['lane']))).toBe(true);
  });

  test('is changed alike, and keeps its options', () => {
    const changes = { flags: { plain: { ...flag, state: 'DISABLED' }, ruled: null } };
    const [one, other] = [applyFlagChanges(foreign, changes), applyFlagChanges(own, changes)];
    expect(one.document).toEqual(other.document);
    expect(changedFlags(foreign, one)).toEqual(['plain', 'ruled']);
    for (const user of users) expect(evaluate(one, 'split', user)).toEqual(evaluate(own, 'split', user));
  });

  test('is compared with a set of this copy', () => {
    expect(changedFlags(foreign, own)).toEqual([]);
    expect(changedFlags(own, foreign)).toEqual([]);
    const fewer = compileFlags({ ...document, flags: { plain: flag } }, { fractionalHash: 'v1' });
    expect(changedFlags(fewer, foreign).toSorted()).toEqual(['ruled', 'split']);
  });

  test('is a previous set, too', () => {
    const next = compileFlags(document, { previous: foreign, fractionalHash: 'v1' });
    expect(next.document).toEqual(foreign.document);
    expect(evaluate(next, 'ruled', { lane: 'gray' }).value).toBe(true);
  });

  test('is checked before a change: a lost reference is found', () => {
    const problems = checkFlagChanges(foreign, { $evaluators: null });
    expect(problems).toEqual(checkFlagChanges(own, { $evaluators: null }));
    expect(problems).not.toEqual([]);
  });
});
