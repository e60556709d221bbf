import { evaluate } from '@graylane/flags';
import { describe, expect, test } from 'vitest';
import { compileDocument } from '../../src/model/compile.ts';
import { plainText } from '../../src/model/document-text.ts';
import { toDocument, toParsedDocument, type Content, type FlagDocument } from '../../src/model/document.ts';
import { killEdits, killsOf, liftEdits } from '../../src/model/kill.ts';
import { applyChange, type Applied, type Proposal } from '../../src/store/apply-change.ts';
import { TimeSlices } from '../../src/time-slices.ts';
import { fees } from '../support/serve.ts';

const lane = {
  state: 'ENABLED',
  variants: { gray: 'gray', 'gray-control': 'gray-control', baseline: 'baseline' },
  defaultVariant: 'baseline',
  targeting: {
    fractional: [
      ['gray', 10],
      ['gray-control', 10],
      ['baseline', 80],
    ],
  },
};
const wider = { ...lane, targeting: { fractional: [['gray', 100]] } };
const entry = { at: '2026-11-26T08:00:00.000Z', author: 'ada', reason: 'errors' };

async function content(document: FlagDocument = { flags: { lane, fees } }): Promise<Content> {
  return compileDocument(toParsedDocument(document), new TimeSlices());
}

async function apply(before: Content, proposal: Proposal): Promise<Applied> {
  const applied = await applyChange(before, proposal, new TimeSlices());
  if ('problems' in applied) throw new Error(JSON.stringify(applied.problems));
  return applied;
}

function laneOf({ flags }: Content): unknown {
  return evaluate(flags, 'lane', { targetingKey: 'ada' }).value;
}

describe('a kill that is applied', () => {
  test('beats a rollout step of the same revision, in any order of the edits', async () => {
    const before = await content();
    const kill = killEdits(before, { lane: 'gray' }, entry);
    const step = { path: ['flags', 'lane'], value: wider } as const;
    for (const edits of [
      [...kill, step],
      [step, ...kill],
    ]) {
      const after = await apply(before, { edits });
      expect(laneOf(after)).toBe('baseline');
      expect(after.flags.get('lane')?.definition).toEqual(wider);
    }
  });

  test('beats a rollout step of a later revision', async () => {
    const before = await content();
    const killed = await apply(before, { edits: killEdits(before, { lane: 'gray' }, entry) });
    const later = await apply(killed, { edits: [{ path: ['flags', 'lane'], value: wider }] });
    expect(laneOf(later)).toBe('baseline');
  });

  test('affects the flags that it overrides', async () => {
    const before = await content({ flags: { lane, fees, other: { ...fees, targeting: {} } } });
    const { affected } = await apply(before, { edits: killEdits(before, { lane: 'gray' }, entry) });
    expect(affected.toSorted()).toEqual(['fees', 'lane']);
  });

  test('survives a whole document that has no kills, e.g. an import', async () => {
    const before = await content();
    const killed = await apply(before, { edits: killEdits(before, { flag: 'fees' }, entry) });
    const imported = await apply(killed, { document: toParsedDocument({ flags: { lane: wider, fees } }) });
    expect(killsOf(imported).flags).toEqual({ fees: entry });
    expect(evaluate(imported.flags, 'fees', {}).reason).toBe('DISABLED');
  });

  test('is lifted without a trace in the definitions', async () => {
    const before = await content();
    const killed = await apply(before, { edits: killEdits(before, { lane: 'gray' }, entry) });
    const lifted = await apply(killed, { edits: liftEdits(killed, { lane: 'gray' }) });
    expect(toDocument(lifted)).toEqual(toDocument(before));
  });

  test('of one target leaves the others', async () => {
    const before = await content();
    const one = await apply(before, { edits: killEdits(before, { lane: 'gray' }, entry) });
    const two = await apply(one, { edits: killEdits(one, { flag: 'fees' }, entry) });
    expect(killEdits(two, { lane: 'gray' }, entry)).toEqual([]);
    const lifted = await apply(two, { edits: liftEdits(two, { lane: 'gray' }) });
    expect(killsOf(lifted)).toEqual({ lanes: {}, flags: { fees: entry } });
    expect(() => liftEdits(lifted, { lane: 'gray' })).toThrow('the lane "gray" is not killed');
  });

  test('of a lane that no lane can be is refused', async () => {
    const before = await content();
    const edits = killEdits(before, { lane: 'baseline' }, entry);
    const applied = await applyChange(before, { edits }, new TimeSlices());
    expect(applied).toMatchObject({ problems: [{ message: /baseline serves every request/ }] });
  });

  test('is compiled into the plain flagd document', async () => {
    const before = await content();
    const killed = await apply(before, { edits: killEdits(before, { lane: 'gray' }, entry) });
    const plain = JSON.parse(Buffer.concat(await plainText(killed)).toString()) as FlagDocument;
    expect(plain).not.toHaveProperty('$killed');
    expect(plain.flags['lane']).toMatchObject({ variants: { gray: 'baseline', 'gray-control': 'baseline' } });
    expect(JSON.parse(Buffer.concat(await plainText(before)).toString())).toEqual(toDocument(before));
  });

  test('works at any size of the set', async () => {
    const many = Object.fromEntries(Array.from({ length: 6000 }, (_, index) => [`flag-${index}`, fees]));
    const before = await content({ flags: { ...many, lane } });
    const killed = await apply(before, { edits: killEdits(before, { lane: 'gray' }, entry) });
    expect(laneOf(killed)).toBe('baseline');
    expect(killed.affected).toHaveLength(6001);
    expect(evaluate(killed.flags, 'flag-7', { lane: 'gray' }).value).toBe(false);
  });
});
