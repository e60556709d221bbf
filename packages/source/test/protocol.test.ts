import { applyDelta, type Delta } from '@graylane/source';
import { describe, expect, test } from 'vitest';

const flag = (value: string) => ({ state: 'ENABLED', variants: { on: value }, defaultVariant: 'on' });

describe('applyDelta', () => {
  const document = { flags: { a: flag('a'), b: flag('b') }, $evaluators: { e: true }, note: 'kept' };

  test('adds, replaces and removes flags, and keeps the given document', () => {
    const before = structuredClone(document);
    const after = applyDelta(document, { flags: { a: flag('A'), b: null, c: flag('c') } });
    expect(after).toEqual({ ...document, flags: { a: flag('A'), c: flag('c') } });
    expect(document).toEqual(before);
  });

  test('replaces a whole member, and removes one that is null', () => {
    const metadata = { flagSetId: 'shop' };
    expect(applyDelta(document, { flags: {}, metadata, $evaluators: null })).toEqual({
      flags: document.flags,
      metadata,
      note: 'kept',
    });
  });

  test('takes __proto__ as an ordinary key', () => {
    const flags = JSON.parse('{"__proto__": {"state": "ENABLED"}}') as Record<string, unknown>;
    const after = applyDelta({ flags: {} }, { flags }) as { flags: object };
    expect(Object.keys(after.flags)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(after.flags)).toBe(Object.prototype);
  });

  test('refuses a change without flags', () => {
    expect(() => applyDelta(document, {} as Delta)).toThrow('without flags');
  });
});
