import { evaluate } from '@graylane/flags';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toDocument, type PartPath, type Snapshot } from '../../src/model/document.ts';
import { killEdits, liftEdits } from '../../src/model/kill.ts';
import { partOf } from '../../src/model/parts.ts';
import type { Change } from '../../src/model/revision.ts';
import type { FlagStore } from '../../src/store/flag-store.ts';
import type { RecordReader } from '../../src/store/records.ts';
import { fees } from './serve.ts';

/** A store over flags that a test gives it, and what only the test may do to it. */
export interface StoreUnderTest {
  readonly store: FlagStore;
  close(): Promise<void>;
}

const on = { ...fees, defaultVariant: 'on' };
const first = {
  metadata: { flagSetId: 'shop' },
  $evaluators: { insider: { '==': [{ var: 'tenant' }, 'internal'] } },
  flags: {
    fees,
    other: fees,
    inside: { ...fees, targeting: { if: [{ $ref: 'insider' }, 'on'] } },
    broken: { ...fees, state: 'ON' },
  },
};

/** The contract of every store of flags. */
export function storeContract(name: string, open: (document: object) => Promise<StoreUnderTest>): void {
  describe(`${name}, as a store of flags`, () => {
    let opened: StoreUnderTest;
    let store: FlagStore;

    beforeEach(async () => {
      opened = await open(first);
      ({ store } = opened);
    });
    afterEach(() => opened.close());

    test('serves what it holds, a broken flag among it', () => {
      expect(toDocument(store.snapshot)).toMatchObject(first);
      expect([...store.snapshot.flags.keys()].toSorted()).toEqual(['broken', 'fees', 'inside', 'other']);
    });

    test('makes a revision of a write, and calls its listeners in order', async () => {
      const seen: string[] = [];
      const before = store.snapshot;
      store.onChange(({ before: previous, after, revision, affected }) => {
        seen.push(previous.revision, after.revision);
        expect(revision.revision).toBe(after.revision);
        const paths = revision.changes.map(({ path }) => path);
        expect(paths).toEqual(affected.map((key) => ['flags', key]));
      });
      const one = await store.write(() => put('fees', on));
      const two = await store.write(() => put('new', fees));
      expect(partOf(one, ['flags', 'fees'])).toEqual(on);
      expect(toDocument(two).flags).toMatchObject({ fees: on, new: fees });
      expect(seen).toEqual([before.revision, one.revision, one.revision, two.revision]);
      expect(store.snapshot).toBe(two);
    });

    test('makes none of a write that changes nothing', async () => {
      const { revision } = store.snapshot;
      expect((await store.write(() => put('fees', fees))).revision).toBe(revision);
      expect(await store.history({ limit: 10 })).toHaveLength(1);
    });

    test('keeps author, reason, before and after of each revision', async () => {
      const { revision: begin } = store.snapshot;
      await store.write(() => ({ ...put('fees', on), author: 'ada', reason: 'payday' }));
      const removed = await store.write(() => put('fees', undefined));
      const [newest, older, oldest] = await store.history({ limit: 10 });
      expect(newest).toMatchObject({ author: 'test', changes: [{ path: ['flags', 'fees'], before: on }] });
      expect(newest?.changes[0]).not.toHaveProperty('after');
      expect(older).toMatchObject({
        author: 'ada',
        reason: 'payday',
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        changes: [{ path: ['flags', 'fees'], before: fees, after: on }],
      });
      expect(oldest?.revision).toBe(begin);
      expect(await store.revision(removed.revision)).toEqual(newest);
      expect(await store.revision('elsewhere.1')).toBeUndefined();
    });

    test('pages its history, as a whole and of one part', async () => {
      for (const variant of ['on', 'off', 'on', 'off', 'on']) {
        await store.write(() => put('fees', { ...fees, defaultVariant: variant }));
        await store.write(() => put('other', { ...fees, metadata: { variant } }));
      }
      const pages: string[] = [];
      for (let before: string | undefined; ;) {
        const page = await store.history({ limit: 4, before });
        if (page.length === 0) break;
        pages.push(...page.map(({ revision }) => revision));
        before = page.at(-1)?.revision;
      }
      expect(pages).toHaveLength(11);
      expect(new Set(pages).size).toBe(11);
      const path: PartPath = ['flags', 'fees'];
      const [newest, next] = await store.history({ limit: 2, part: path });
      expect(newest?.changes).toEqual([
        { path, before: { ...fees, defaultVariant: 'off' }, after: { ...fees, defaultVariant: 'on' } },
      ]);
      const rest = await store.history({ limit: 10, part: path, before: next?.revision });
      expect(rest).toHaveLength(4);
    });

    test('lets no other write between a decision and its write', async () => {
      const add = (current: Snapshot): Change => {
        const { metadata } = partOf(current, ['flags', 'fees']) as { metadata?: { n: number } };
        return put('fees', { ...fees, metadata: { n: (metadata?.n ?? 0) + 1 } });
      };
      await Promise.all(Array.from({ length: 50 }, () => store.write(add)));
      expect(partOf(store.snapshot, ['flags', 'fees'])).toMatchObject({ metadata: { n: 50 } });
      expect(await store.history({ limit: 100 })).toHaveLength(51);
    });

    test('writes nothing where the decision throws, and goes on', async () => {
      const { revision } = store.snapshot;
      const refusal = new Error('no');
      await expect(
        store.write(() => {
          throw refusal;
        }),
      ).rejects.toBe(refusal);
      expect(store.snapshot.revision).toBe(revision);
      await store.write(() => put('fees', on));
    });

    test('judges a change by what it changes: a fault elsewhere does not matter, one of its own does', async () => {
      await store.write(() => put('fees', on));
      await expect(
        store.write(() => put('other', { ...fees, defaultVariant: 'blue' })),
      ).rejects.toMatchObject({
        code: 'invalid',
        problems: [{ path: '$.flags.other.defaultVariant' }],
      });
      await expect(store.write(() => part(['$evaluators', 'insider'], undefined))).rejects.toMatchObject({
        code: 'invalid',
        problems: [{ path: '$.flags.inside.targeting.if[0].$ref' }],
      });
      await expect(store.write(() => part(['metadata'], { flagSetId: 7 }))).rejects.toMatchObject({
        code: 'invalid',
        problems: [{ path: '$.metadata.flagSetId' }],
      });
      await expect(store.write(() => part(['$evaluators', 'insider'], { iff: [] }))).rejects.toMatchObject({
        code: 'invalid',
        problems: [{ path: '$["$evaluators"].insider.iff' }],
      });
      await store.write(() => put('broken', fees));
      expect(store.snapshot.flags.warnings).toEqual([]);
    });

    test('changes several parts in one revision, or none of them', async () => {
      const segment = { '==': [{ var: 'tenant' }, 'partner'] };
      const { revision } = store.snapshot;
      const edits = [
        { path: ['$evaluators', 'partner'], value: segment },
        { path: ['flags', 'fees'], value: { ...fees, targeting: { if: [{ $ref: 'partner' }, 'on'] } } },
        { path: ['metadata'], value: undefined },
      ] as const;
      const bad = { path: ['flags', 'other'], value: {} } as const;
      await expect(store.write(() => ({ author: 'test', edits: [...edits, bad] }))).rejects.toMatchObject({
        code: 'invalid',
      });
      expect(store.snapshot.revision).toBe(revision);
      await store.write(() => ({ author: 'test', edits }));
      expect(toDocument(store.snapshot)).toMatchObject({ $evaluators: { partner: segment } });
      expect(toDocument(store.snapshot)).not.toHaveProperty('metadata');
      expect((await store.history({ limit: 1 }))[0]?.changes).toHaveLength(3);
    });

    test('keeps records, which a write may change together with flags', async () => {
      const { records } = store;
      expect(await records.get('rollout', 'one')).toBeUndefined();
      await records.put('rollout', 'two', { step: 1 });
      await records.put('evidence', 'one', [1, 2]);
      const { revision } = store.snapshot;
      const moved = await store.write(async (_current, now) => {
        const two = (await now.get('rollout', 'two')) as { step: number };
        const edits = [
          { kind: 'rollout', id: 'two', value: { step: two.step + 1 } },
          { kind: 'rollout', id: 'one', value: 'é\u0000' },
          { kind: 'evidence', id: 'one' },
        ];
        return { ...put('fees', on), records: edits };
      });
      expect(moved.revision).not.toBe(revision);
      expect(await records.list('rollout')).toEqual([
        { id: 'one', value: 'é\u0000' },
        { id: 'two', value: { step: 2 } },
      ]);
      expect(await records.list('evidence')).toEqual([]);
      await records.put('rollout', 'one', undefined);
      expect(await records.list('rollout')).toHaveLength(1);
      expect(store.snapshot).toBe(moved);
      expect(await store.history({ limit: 10 })).toHaveLength(2);
    });

    test('writes records that depend on each other one after another, and none of a refused write', async () => {
      const add = async (_current: Snapshot, now: RecordReader): Promise<Change> => {
        const n = ((await now.get('count', 'all')) as number | undefined) ?? 0;
        return { author: 'test', edits: [], records: [{ kind: 'count', id: 'all', value: n + 1 }] };
      };
      await Promise.all(Array.from({ length: 20 }, () => store.write(add)));
      const records = [{ kind: 'count', id: 'all', value: -1 }];
      const bad = { ...put('other', { ...fees, defaultVariant: 'blue' }), records };
      await expect(store.write(() => bad)).rejects.toMatchObject({ code: 'invalid' });
      expect(await store.records.get('count', 'all')).toBe(20);
    });

    test('lets a kill win against later changes, and gives the definitions back when it is lifted', async () => {
      const kill = await store.write((current) => ({
        author: 'ada',
        reason: 'errors',
        edits: killEdits(current, { flag: 'fees' }, { at: '2026-11-26T08:00:00.000Z', author: 'ada' }),
      }));
      expect(evaluate(kill.flags, 'fees', {}).reason).toBe('DISABLED');
      const later = await store.write(() => put('fees', on));
      expect(evaluate(later.flags, 'fees', {}).reason).toBe('DISABLED');
      const lifted = await store.write((current) => ({
        author: 'ada',
        edits: liftEdits(current, { flag: 'fees' }),
      }));
      expect(evaluate(lifted.flags, 'fees', {}).variant).toBe('on');
      expect(toDocument(lifted)).not.toHaveProperty('$killed');
      const [, , entry] = await store.history({ limit: 3 });
      expect(entry).toMatchObject({ author: 'ada', reason: 'errors', changes: [{ path: ['$killed'] }] });
    });

    test('takes hundreds of parts at once', async () => {
      const keys = Array.from({ length: 300 }, (_, n) => `flag-${n}`);
      const edits = keys.map((key) => ({ path: ['flags', key] as const, value: fees }));
      await store.write(() => ({ author: 'test', edits }));
      expect(store.snapshot.flags.size).toBe(304);
    });
  });
}

function put(key: string, value: object | undefined): Change {
  return part(['flags', key], value);
}

function part(path: PartPath, value: unknown): Change {
  return { author: 'test', edits: [{ path, value }] };
}
