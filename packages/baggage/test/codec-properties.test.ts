import { validateHeaderValue } from 'node:http';
import { admit, emit, formatBaggage, getCell, parseBaggage } from '@graylane/baggage';
import {
  baggageEntryMetadataFromString,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type Baggage,
  type TextMapPropagator,
} from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostileValues } from '../../../test/support/hostile.ts';
import { codecPropagator } from './codec-propagator.ts';

const tokenCharacters = "!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz";
/** All that a value may hold, but the plus sign, which leaves as `%2B`. */
const octetCharacters = `${tokenCharacters.replace('+', '')}()/:<=>?@[]{}`;
/** A member to the letter of section 3.2.1, as one expression that shares nothing with the code. */
const grammar =
  /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+=[!#-+\--:<-[\]-~]*(;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(=[!#-+\--:<-[\]-~]*)?)*$/;

const keyText = fc.string({
  unit: fc.constantFrom(...tokenCharacters.split('')),
  minLength: 1,
  maxLength: 8,
});
const token = fc.oneof({ weight: 4, arbitrary: keyText }, fc.constantFrom('lane', 'pins', '__proto__'));
const encoded = fc.string({
  unit: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...octetCharacters.split('')) },
    fc.constant('%E7%81%B0'),
  ),
  maxLength: 8,
});
const properties = fc.array(fc.tuple(token, fc.option(encoded, { nil: undefined })), { maxLength: 3 });
const member = fc
  .tuple(token, encoded, properties)
  .map(
    ([key, value, more]) =>
      `${key}=${value}${more.map(([name, text]) => (text === undefined ? `;${name}` : `;${name}=${text}`)).join('')}`,
  );
const members = fc.uniqueArray(member, {
  maxLength: 64,
  selector: (text) => text.slice(0, text.indexOf('=')),
});
const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('\r', '\n', '\0', ',', ';', '=', '%', '"', 'a', ' ', '漢', '\uD800', '\uDC00'),
  }),
  fc.constantFrom('lane', 'pins', '__proto__', ...hostileValues.filter(({ length }) => length < 1000)),
);
/** Baggage that code can create with OpenTelemetry's API, with or without types. */
const anyBaggage = fc
  .array(fc.tuple(anything, anything, fc.option(anything, { nil: undefined })), { maxLength: 80 })
  .map((entries) => {
    let baggage = propagation.createBaggage();
    for (const [key, value, metadata] of entries) {
      baggage = baggage.setEntry(
        key,
        metadata === undefined ? { value } : { value, metadata: baggageEntryMetadataFromString(metadata) },
      );
    }
    return baggage;
  });
/** Nearly right, so that every turn of the grammar is tried. */
const almost = fc.string({
  unit: fc.oneof(fc.constantFrom(...'ab,;= \t%'.split(''), 'lane', 'pins', '灰', '\n'), member),
  maxLength: 40,
});

describe('whatever comes', () => {
  test('valid baggage is read and written again as it was', () => {
    fc.assert(
      fc.property(members, (list) => {
        const header = inOrder(list).join(',');
        expect(formatBaggage(parseBaggage(header))).toBe(header);
      }),
    );
  });

  test('entries that code has set are read again as they were', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(token, fc.string({ unit: 'grapheme' })), {
          maxLength: 20,
          selector: ([key]) => key,
        }),
        (entries) => {
          let baggage = parseBaggage('');
          for (const [key, value] of entries) baggage = baggage.setEntry(key, { value });
          const again = parseBaggage(formatBaggage(baggage));
          for (const [key, value] of entries) expect(again.getEntry(key)?.value).toBe(value);
          expect(again.getAllEntries()).toHaveLength(entries.length);
        },
      ),
    );
  });

  test('what is written of any baggage is valid, and every transport accepts it', () => {
    fc.assert(
      fc.property(anyBaggage, (baggage) => valid(formatBaggage(baggage))),
      { numRuns: 500 },
    );
    fc.assert(fc.property(anyBaggage, (baggage) => valid(formatBaggage(copied(baggage)))));
  });

  test('what is written of any header is valid, and every transport accepts it', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anything, almost), { maxLength: 5 }), (headers) => {
        valid(formatBaggage(parseBaggage(headers)));
      }),
      { numRuns: 500 },
    );
    for (const header of hostileValues) valid(formatBaggage(parseBaggage(header)));
  });

  test('one hop more changes nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anything,
          almost,
          members.map((list) => list.join(' , ')),
        ),
        (header) => {
          const once = formatBaggage(parseBaggage(header));
          let later = once;
          for (let hop = 0; hop < 5; hop += 1) later = formatBaggage(parseBaggage(later));
          expect(later).toBe(once);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a policy admits the members that it names, as if each had been read by itself', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          almost,
          fc.tuple(members, fc.constantFrom(',', ', ', ' ,', ',,')).map(([list, comma]) => list.join(comma)),
          members.map((list) => [...list, ...list.slice(0, 2)].join(',')),
        ),
        fc.array(
          token.filter((key) => key !== 'lane' && key !== 'pins'),
          { maxLength: 6 },
        ),
        (header, others) => {
          const named = header.split(/[,=;]/).filter((_key, index) => index % 3 === 0);
          const keys = [...others, ...named.map((key) => key.trim()).filter((key) => /^[a-z%]+$/.test(key))];
          const allowed = new Set(keys.filter((key) => key !== 'lane'));
          const request = admit([header], { mode: 'accept', keys: [...allowed] }, ROOT_CONTEXT);
          const admitted = getCell(request)?.outgoing;
          const expected = formatBaggage(parseBaggage(header), { keys: allowed, first: [] });
          expect(admitted && formatBaggage(admitted, { first: [] })).toBe(expected);
          for (const key of allowed) {
            const value = parseBaggage(expected).getEntry(key)?.value;
            expect(admitted?.getEntry(key)?.value).toBe(value);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('a header of a shape that came before is read as one that never came', () => {
    const keys = ['lane', 'user-id', 'a.b', 'c'];
    const form = fc.tuple(
      fc.shuffledSubarray([...keys, 'lane-seal', 'pins', 'other']),
      fc.constantFrom(',', ', ', ' ,'),
    );
    const value = fc.oneof(
      { weight: 20, arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', '0', '-', '='), maxLength: 6 }) },
      fc.string({ unit: fc.constantFrom(...'ab=+%;" ,.灰'.split('')), maxLength: 3 }),
    );
    const forms = fc.array(form, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        forms,
        fc.array(fc.tuple(fc.nat({ max: 11 }), fc.array(value, { minLength: 7, maxLength: 7 })), {
          minLength: 20,
          maxLength: 60,
        }),
        (known, requests) => {
          const seenBefore = { mode: 'accept', keys } as const;
          for (const [at, values] of requests) {
            const [names, comma] = known[at % known.length] ?? [[], ','];
            const header = names
              .map((name, index) => `${name}=${name === 'lane' ? 'gray' : values[index]}`)
              .join(comma);
            const [learned, fresh] = [seenBefore, { mode: 'accept', keys } as const].map((policy) => {
              const request = admit([header], policy, ROOT_CONTEXT);
              const sent = emit(request, { to: { any: [...keys, 'pins'] } }, 'any');
              return { lane: getCell(request)?.lane, pins: getCell(request)?.pins, sent };
            });
            expect(learned).toEqual(fresh);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a key that comes twice leaves once', () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(key, { maxLength: 12 }), (keys) => {
        const header = keys.map((one, index) => `${one}=${index}`).join(',');
        const admitted = getCell(admit([header], { mode: 'accept', keys }, ROOT_CONTEXT))?.outgoing;
        valid(formatBaggage(parseBaggage(header)));
        expect(admitted && formatBaggage(admitted)).toBe(formatBaggage(parseBaggage(header)));
      }),
      { numRuns: 2000 },
    );
  });

  test('a member that is looked up before the header is parsed equals the parsed one', () => {
    fc.assert(
      fc.property(almost, fc.oneof(token, fc.constantFrom('lane', 'a', 'b', 'ab', '')), (header, key) => {
        const all = new Map(parseBaggage(header).getAllEntries());
        expect(parseBaggage(header).getEntry(key)?.value).toBe(all.get(key)?.value);
      }),
      { numRuns: 2000 },
    );
  });

  test("on plain baggage it agrees with the stock propagator, and each reads the other's output", () => {
    const plain = fc.string({
      unit: fc.constantFrom(...'abcxyz-_.0123456789'.split('')),
      minLength: 1,
      maxLength: 8,
    });
    const plainKey = plain.filter((text) => !/^\d/.test(text));
    const stock = new W3CBaggagePropagator();
    const ours = codecPropagator;
    fc.assert(
      fc.property(
        fc.dictionary(plainKey, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), {
          maxKeys: 20,
        }),
        (record) => {
          const baggage = propagation.createBaggage(
            Object.fromEntries(Object.entries(record).map(([key, value]) => [key, { value }])),
          );
          for (const [writer, reader] of [
            [stock, ours],
            [ours, stock],
            [ours, ours],
          ] as const) {
            expect(read(reader, write(writer, baggage))).toEqual(record);
          }
        },
      ),
    );
  });
});

function valid(header: string): void {
  validateHeaderValue('baggage', header);
  expect(header.length).toBeLessThanOrEqual(8192);
  const list = header === '' ? [] : header.split(',');
  expect(list.length).toBeLessThanOrEqual(64);
  for (const one of list) expect(one).toMatch(grammar);
  const keys = list.map((one) => one.slice(0, one.indexOf('=')));
  expect(new Set(keys).size).toBe(keys.length);
}

/** Lane and pins first. */
function inOrder(list: readonly string[]): readonly string[] {
  const rank = (text: string): number => (text.startsWith('lane=') ? 0 : text.startsWith('pins=') ? 1 : 2);
  return list.toSorted((one, other) => rank(one) - rank(other));
}

/** The same entries, set on a baggage of ours. */
function copied(baggage: Baggage): Baggage {
  let copy = parseBaggage('a=1');
  for (const [key, entry] of baggage.getAllEntries()) copy = copy.setEntry(key, entry);
  return copy;
}

function write(propagator: TextMapPropagator, baggage: Baggage): string | undefined {
  const carrier: { baggage?: string } = {};
  propagator.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), carrier, defaultTextMapSetter);
  return carrier.baggage;
}

function read(propagator: TextMapPropagator, baggage: string | undefined): Record<string, string> {
  const extracted = propagator.extract(ROOT_CONTEXT, { baggage }, defaultTextMapGetter);
  const entries = propagation.getBaggage(extracted)?.getAllEntries() ?? [];
  return Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
}
