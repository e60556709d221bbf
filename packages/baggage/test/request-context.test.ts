import { admit, getCell, withCell, withoutBaggage } from '@graylane/baggage';
import { createContextKey, propagation, ROOT_CONTEXT, type Context } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RequestCell } from '../src/request/cell.ts';

const policy = { mode: 'accept', keys: ['lane', 'a'] } as const;

describe('the OTel context of a request', () => {
  test('shows the cell and its baggage, and what the outer one holds', () => {
    const key = createContextKey('outer');
    const request = admit(['lane=gray'], policy, ROOT_CONTEXT.setValue(key, 1));
    expect(request.getValue(key)).toBe(1);
    expect(getCell(request)?.lane).toBe('gray');
    expect(propagation.getBaggage(request)?.getEntry('lane')?.value).toBe('gray');
    expect(getCell(ROOT_CONTEXT)).toBeUndefined();
  });

  test('of an inner request shows the inner cell', () => {
    const outer = admit(['lane=gray'], policy, ROOT_CONTEXT);
    const inner = withCell(outer, new RequestCell());
    expect(getCell(inner)?.lane).toBe('baseline');
    expect(getCell(outer)?.lane).toBe('gray');
  });

  test('keeps its cell inside of a client, where no baggage is to be found', () => {
    const inside = withoutBaggage(admit(['lane=gray'], policy, ROOT_CONTEXT));
    expect(propagation.getBaggage(inside)).toBeUndefined();
    expect(getCell(inside)?.lane).toBe('gray');
  });

  test('behaves as any OTel context does, whatever is set and deleted', () => {
    const cell = new RequestCell();
    const baggageKey = symbolOf((probe) => propagation.setBaggage(probe, propagation.createBaggage()));
    const cellKey = symbolOf((probe) => void getCell(probe));
    const keys = [createContextKey('a'), createContextKey('b'), baggageKey, cellKey];
    const step = fc.record({
      key: fc.constantFrom(...keys),
      value: fc.option(fc.nat(9), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let ours = withCell(ROOT_CONTEXT, cell);
        let plain = keys.reduce((made, key) => made.setValue(key, ours.getValue(key)), ROOT_CONTEXT);
        for (const { key, value } of steps) {
          const before = keys.map((one) => ours.getValue(one));
          const change = (from: Context): Context =>
            value === undefined ? from.deleteValue(key) : from.setValue(key, value);
          const changed = change(ours);
          expect(keys.map((one) => ours.getValue(one))).toEqual(before);
          ours = changed;
          plain = change(plain);
          expect(keys.map((one) => ours.getValue(one))).toEqual(keys.map((one) => plain.getValue(one)));
        }
      }),
    );
  });
});

function symbolOf(use: (probe: Context) => unknown): symbol {
  const asked: symbol[] = [];
  const probe: Context = {
    getValue: (key) => void asked.push(key),
    setValue: (key) => (asked.push(key), probe),
    deleteValue: () => probe,
  };
  use(probe);
  const [key] = asked;
  if (key === undefined) throw new Error('nothing was asked for');
  return key;
}
