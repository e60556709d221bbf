import { checkFlags } from '@graylane/flags';
import { describe, expect, test } from 'vitest';
import { compileDocument } from '../../src/model/compile.ts';
import { judgeChange } from '../../src/model/judge-change.ts';
import { layOutDocument } from '../../src/store/file/lay-out.ts';
import { TimeSlices } from '../../src/time-slices.ts';
import { fees } from '../support/serve.ts';

/* Documents that cost many times their size, in space or in time. */

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = { x: value };
  return value;
}

async function laidOut(value: unknown): Promise<string> {
  const flags = new Map([['deep', { ...fees, variants: { on: value } }]]);
  const pieces = await layOutDocument({ flags, shared: {} }, new TimeSlices());
  return Buffer.concat(pieces).toString();
}

describe('a flags file', () => {
  test.each<[string, unknown]>([
    ['a deep value', nested(400)],
    [
      'many elements deep inside',
      { list: JSON.parse(`${'['.repeat(50)}${'1,'.repeat(2000)}1${']'.repeat(50)}`) },
    ],
  ])('has %s on one line', async (_what, value) => {
    const text = await laidOut(value);
    expect(text.length).toBeLessThan(2 * JSON.stringify(value).length);
    expect(JSON.parse(text)).toMatchObject({ flags: { deep: { variants: { on: value } } } });
  });

  test('has the members of a common value on lines of their own', async () => {
    const value = { list: Array.from({ length: 1000 }, (_, index) => index), rule: nested(30) };
    expect((await laidOut(value)).split('\n').length).toBeGreaterThan(1000);
  });
});

describe('a write is refused', () => {
  const numbered = (count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, true]));

  test.each<[string, object]>([
    [
      'has 1001 variants, more than 1000',
      { flags: { f: { ...fees, variants: { on: true, off: false, ...numbered(999) } } } },
    ],
    ['metadata has 1001 entries', { flags: { f: { ...fees, metadata: numbered(1001) } } }],
    ['metadata has 1001 entries', { flags: {}, metadata: numbered(1001) }],
  ])('if it %s', (message, document) => {
    expect(checkFlags(document).map((one) => one.message)).toEqual([expect.stringContaining(message)]);
  });

  test('if there are more than 10,000 segments, unless it removes one', async () => {
    const rule = { '==': [1, 1] };
    const $evaluators = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`s${index}`, rule]));
    const after = await compileDocument({ flags: new Map(), shared: { $evaluators } }, new TimeSlices());
    const path = ['$evaluators', 's0'] as const;
    const judge = async (change: object): Promise<string[]> =>
      (await judgeChange(after, [{ path, ...change }], new TimeSlices())).map(({ message }) => message);
    expect(await judge({ after: rule })).toEqual(['there are 10001 segments, more than 10000']);
    expect(await judge({ before: rule })).toEqual([]);
    const broken = await compileDocument(
      { flags: new Map(), shared: { $evaluators: null } },
      new TimeSlices(),
    );
    const change = { path: ['$evaluators'] as const, after: null };
    expect(await judgeChange(broken, [change], new TimeSlices())).toHaveLength(1);
  });
});
