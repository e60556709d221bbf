import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { locateValue } from '../src/store/file/locate-value.ts';

type Path = Array<string | number>;

/** Every path of a value, with what stands there. */
function* places(value: unknown, path: Path = []): Generator<readonly [Path, unknown]> {
  yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const key of keys) yield* places((value as Record<string | number, unknown>)[key], [...path, key]);
}

describe('a value in a JSON text', () => {
  test('is found where it stands, however the text is laid out', () => {
    const texts = fc.tuple(fc.json({ maxDepth: 4 }), fc.constantFrom(undefined, 2, '\t'));
    const property = fc.property(texts, ([text, indent]) => {
      const document = JSON.parse(text) as unknown;
      const laidOut = ` \n${JSON.stringify(document, null, indent)}\n`;
      for (const [path, value] of places(document)) {
        const { start, end } = locateValue(laidOut, path) ?? { start: 0, end: 0 };
        expect(JSON.parse(laidOut.slice(start, end))).toEqual(value);
        expect(laidOut.slice(start, end).trim()).toHaveLength(end - start);
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test.each<[string, Path, string | undefined]>([
    ['{"a":1,"a":2}', ['a'], undefined],
    [String.raw`{"\u0061":1}`, ['a'], '1'],
    [String.raw`{"x":"}\"]\\","a":[1,{"b":"{"}]}`, ['a', 1, 'b'], '"{"'],
    ['{"a": [ 1 , 2 ] }', ['a', 1], '2'],
    ['{"a":{}}', ['a', 'b'], undefined],
    ['{"a":[]}', ['a', 0], undefined],
    ['{"a":1}', ['a', 'b'], undefined],
    ['[]', ['a'], undefined],
  ])('%s at %j is %s', (text, path, expected) => {
    const place = locateValue(text, path);
    expect(place && text.slice(place.start, place.end)).toBe(expected);
  });
});
