import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument } from '../../src/json/parse-document.ts';
import type { Edit, FlagDocument } from '../../src/model/document.ts';
import { editDocument } from '../../src/store/file/edit-document.ts';
import { TimeSlices } from '../../src/time-slices.ts';

const names = ['a', 'b', '__proto__', 'with "quotes"', 'ünï', '0', 'c d'];
const value = fc.dictionary(fc.constantFrom('state', 'x', '}'), fc.json({ maxDepth: 2 }).map(parse), {
  minKeys: 1,
});
const shelf = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 6 });
const documents = fc.record({
  metadata: fc.dictionary(fc.string(), fc.string()),
  $evaluators: shelf,
  flags: shelf,
});
const changesOf = fc.array(
  fc.tuple(
    fc.constantFrom('flags', '$evaluators'),
    fc.constantFrom(...names),
    fc.option(value, { nil: undefined }),
  ),
  { maxLength: 6 },
);

describe('an edited flags file', () => {
  test('has the edited document, however it is laid out', async () => {
    const layouts = fc.tuple(
      fc.constantFrom(undefined, 2, '\t', 7),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(documents, changesOf, layouts, async (document, changes, [indent, eol, mark]) => {
        const text = `${mark ? '\uFEFF' : ''}${JSON.stringify(document, null, indent).replaceAll('\n', eol)}${eol}`;
        const unique = [...new Map(changes.map((edit) => [`${edit[0]} ${edit[1]}`, edit])).values()];
        const edited = await editText(
          text,
          unique.map(([member, name, to]) => ({ path: [member as 'flags', name], value: to })),
        );
        expect(parse(edited.replace('\uFEFF', ''))).toEqual(expected(document, unique));
        expect(edited.startsWith('\uFEFF')).toBe(mark);
      }),
      { numRuns: 500 },
    );
  });

  test('keeps every byte outside of the edited parts', async () => {
    const text =
      '{\n    "flags": {\n        "a": {"x":  1},\n        "b": {"x" : 2}\n    },\n  "other":[ 1 ]\n}';
    const edits: Edit[] = [
      { path: ['flags', 'a'], value: { x: 3 } },
      { path: ['flags', 'c'], value: {} },
    ];
    expect(await editText(text, edits)).toBe(
      '{\n    "flags": {\n        "a": {\n            "x": 3\n        },\n        "b": {"x" : 2},\n        "c": {}\n    },\n  "other":[ 1 ]\n}',
    );
    expect(await editText(text, [{ path: ['flags', 'a'], value: undefined }])).toBe(
      '{\n    "flags": {\n        "b": {"x" : 2}\n    },\n  "other":[ 1 ]\n}',
    );
    expect(await editText(text, [{ path: ['flags', 'b'], value: undefined }])).toBe(
      '{\n    "flags": {\n        "a": {"x":  1}\n    },\n  "other":[ 1 ]\n}',
    );
  });

  test('that had no segments gets them, and loses them with the last one', async () => {
    const text = '{\n  "flags": {}\n}\n';
    const withSegment = await editText(text, [{ path: ['$evaluators', 'a'], value: { x: 1 } }]);
    expect(parse(withSegment)).toEqual({ flags: {}, $evaluators: { a: { x: 1 } } });
    expect(await editText(withSegment, [{ path: ['$evaluators', 'a'], value: undefined }])).toBe(text);
  });
});

describe('a parsed document', () => {
  test('is what JSON.parse makes of it', async () => {
    await fc.assert(
      fc.asyncProperty(documents, fc.constantFrom(undefined, 2, '\t'), async (document, indent) => {
        const parsed = await parseDocument(
          Buffer.from(JSON.stringify(document, null, indent)),
          new TimeSlices(),
        );
        if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
        const { flags, ...shared } = parse(JSON.stringify(document)) as FlagDocument;
        expect(parsed).toMatchObject({ flags: new Map(Object.entries(flags)), shared, oddities: [] });
      }),
    );
  });

  test.each([
    ['', '$'],
    ['[]', '$'],
    ['7', '$'],
    ['{"flags": {}', '$'],
    ['{"flags": {},}', '$'],
    ['{"flags": {"a": {}} {}', '$'],
    ['{"flags": {"a" {}}}', '$'],
    ['{"flags": {"a": {"b": tru}}}', '$'],
    ['{"flags": {}} x', '$'],
    ['{"flags": 7}', '$.flags'],
    ['{}', '$.flags'],
  ])('that is not one has its problems: %s', async (text, path) => {
    expect(await parseDocument(Buffer.from(text), new TimeSlices())).toMatchObject({ problems: [{ path }] });
  });

  test('is refused from the 501st level on', async () => {
    const nested = (levels: number): string =>
      `{"flags":{"a":{"x":${'['.repeat(levels - 3)}${']'.repeat(levels - 3)}}}}`;
    expect(await parseDocument(Buffer.from(nested(500)), new TimeSlices())).toHaveProperty('flags');
    expect(await parseDocument(Buffer.from(nested(501)), new TimeSlices())).toMatchObject({
      problems: [{ message: expect.stringContaining('500 levels') }],
    });
  });
});

async function editText(text: string, changes: readonly Edit[]): Promise<string> {
  return Buffer.concat(await editDocument(Buffer.from(text), changes, new TimeSlices())).toString();
}

function expected(document: object, changes: readonly (readonly [string, string, unknown])[]): object {
  const result = new Map<string, unknown>(Object.entries(document));
  for (const [member, name, to] of changes) {
    const members = new Map<string, unknown>(Object.entries(result.get(member) ?? {}));
    if (to === undefined) members.delete(name);
    else members.set(name, to);
    const keep = members.size > 0 || member === 'flags' || !changes.some(([one]) => one === member);
    if (keep) result.set(member, Object.fromEntries(members));
    else result.delete(member);
  }
  return Object.fromEntries(result);
}

function parse(text: string): unknown {
  return JSON.parse(text) as unknown;
}
