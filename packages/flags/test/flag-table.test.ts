import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { FlagTable } from '../src/set/flag-table.ts';

interface Held {
  readonly text: string;
}

const change = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  fc.option(fc.string({ maxLength: 2 }), { nil: undefined }),
  { noNullPrototype: true, maxKeys: 3 },
);

describe('a table of flags', () => {
  test('has versions that read as a copy of each would, whichever was made of which', () => {
    const steps = fc.array(fc.tuple(fc.nat(), change, fc.nat({ max: 200 })), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (made) => {
        const first = { table: new FlagTable<Held>(new Map()), copy: new Map<string, Held>() };
        const versions = [first];
        for (const [from, changes, reads] of made) {
          const { table, copy } = versions[from % versions.length] ?? first;
          const next = new Map(copy);
          const held = new Map<string, Held | undefined>();
          for (const [key, text] of Object.entries(changes)) {
            const value = text === undefined ? undefined : { text };
            held.set(key, value);
            if (value === undefined) next.delete(key);
            else next.set(key, value);
          }
          versions.push({ table: table.with(held), copy: next });
          for (let read = 0; read < reads; read += 1) expect(table.get('a')).toBe(copy.get('a'));
        }
        for (const { table, copy } of [...versions, ...versions.toReversed()]) {
          expect(table.size).toBe(copy.size);
          expect(new Set(table.keys())).toEqual(new Set(copy.keys()));
          expect(table.keys()).toHaveLength(copy.size);
          for (const key of ['a', 'b', 'c', 'd', 'e']) expect(table.get(key)).toBe(copy.get(key));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('lists the keys in which two versions can differ', () => {
    const first = new FlagTable<Held>(
      new Map('f g h i j k l m n'.split(' ').map((text) => [text, { text }])),
    );
    const second = first.with(new Map([['b', { text: '2' }]]));
    const third = second.with(new Map([['c', { text: '3' }]]));
    const side = first.with(new Map([['d', { text: '4' }]]));
    expect([...(first.differences(third) ?? [])].toSorted()).toEqual(['b', 'c']);
    expect([...(side.differences(third) ?? [])].toSorted()).toEqual(['b', 'c', 'd']);
    expect(first.differences(new FlagTable<Held>(new Map()))).toBeUndefined();
  });

  test('keeps the order of its keys while newer versions are made', () => {
    const first = new FlagTable<Held>(new Map(['a', 'b', 'c'].map((text) => [text, { text }])));
    const before = first.keys();
    const second = first.with(new Map([['b', undefined]]));
    expect(second.keys()).toEqual(['a', 'c']);
    expect(second.with(new Map([['b', { text: 'b' }]])).keys()).toEqual(['a', 'b', 'c']);
    expect([first.keys(), before]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ]);
  });

  test('does not grow with the keys that come and go', () => {
    const set = vi.spyOn(Map.prototype, 'set');
    let table = new FlagTable<Held>(new Map());
    for (let turn = 0; turn < 5000; turn += 1) {
      table = table.with(new Map([[`k${turn}`, { text: '' }]]));
      table = table.with(new Map([[`k${turn}`, undefined]]));
    }
    const writes = set.mock.calls.length;
    set.mockRestore();
    expect(table.size).toBe(0);
    expect(writes).toBeLessThan(10 * 5000);
  });
});
