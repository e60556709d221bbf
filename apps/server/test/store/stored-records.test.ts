import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultEnvironment, storeOf } from '../../src/store/environments.ts';
import { DataFolder } from '../../src/store/file/data-folder.ts';
import type { FlagStore } from '../../src/store/flag-store.ts';
import { parseRecords } from '../../src/store/records.ts';
import type { Term } from '../../src/store/leadership.ts';
import { fees } from '../support/serve.ts';

const log = { info: () => {}, warn: () => {} };
let root: string;
let path: string;
let open: DataFolder[];

beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/graylane-records-`);
  path = `${root}/data/environments/default/records.jsonl`;
  open = [];
});
afterEach(async () => {
  for (const data of open) await data.close();
  rmSync(root, { recursive: true });
});

test('records survive a restart', async () => {
  const store = await start('data');
  await store.records.put('rollout', 'one', { step: 1 });
  await step(store, 2);
  await open[0]?.close();
  expect(await (await start('data')).records.get('rollout', 'one')).toEqual({ step: 2 });
});

test('a crash loses no record of a revision, and takes back none that was written alone later', async () => {
  const store = await start('data');
  await step(store, 1);
  cpSync(`${root}/data`, `${root}/crashed`, { recursive: true });
  rmSync(`${root}/crashed/lock`, { force: true, recursive: true });
  await store.records.put('rollout', 'one', { step: 2 });
  cpSync(`${root}/data`, `${root}/later`, { recursive: true });
  rmSync(`${root}/later/lock`, { force: true, recursive: true });
  expect(await (await start('crashed')).records.get('rollout', 'one')).toEqual({ step: 1 });
  expect(await (await start('later')).records.get('rollout', 'one')).toEqual({ step: 2 });
});

test('other requests run while many large records are read', async () => {
  const large = JSON.stringify(Array.from({ length: 50_000 }, (_, index) => ({ index })));
  const rows = Array.from({ length: 100 }, (_, index) => ({ id: `${index}`, json: large }));
  let turns = 0;
  const count = (): void => {
    turns += 1;
    turn = setImmediate(count);
  };
  let turn = setImmediate(count);
  expect(await parseRecords(rows)).toHaveLength(rows.length);
  clearImmediate(turn);
  // All of them take far more than one slice of 5 ms, on any machine.
  expect(turns).toBeGreaterThan(5);
});

test('a file of records that is damaged stops the start, and names the remedy', async () => {
  const store = await start('data');
  await store.records.put('rollout', 'one', { step: 1 });
  await store.records.put('rollout', 'one', { step: 2 });
  await open[0]?.close();
  writeFileSync(path, readFileSync(path, 'utf8').replace('{"step":1}', '{"step":1'));
  await expect(start('data')).rejects.toThrow(/records\.jsonl are damaged: restore the file from a backup/);
});

test('a crash in the middle of a write leaves the record as it was before', async () => {
  const store = await start('data');
  await store.records.put('rollout', 'one', { step: 1 });
  await store.records.put('rollout', 'one', { step: 2 });
  await open[0]?.close();
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, -9));
  const after = await start('data');
  expect(await after.records.get('rollout', 'one')).toEqual({ step: 1 });
  await after.records.put('rollout', 'two', { step: 3 });
  await open[1]?.close();
  const last = await start('data');
  expect(await last.records.list('rollout')).toEqual([
    { id: 'one', value: { step: 1 } },
    { id: 'two', value: { step: 3 } },
  ]);
});

test('a record that is removed stays removed', async () => {
  const store = await start('data');
  await store.records.put('rollout', 'one', { step: 1 });
  await store.records.put('rollout', 'one', undefined);
  await open[0]?.close();
  expect(await (await start('data')).records.list('rollout')).toEqual([]);
});

test('a write appends what it changes, and the file stays bounded', async () => {
  const store = await start('data');
  const value = (n: number): object => ({ n, evidence: 'x'.repeat(20_000) });
  for (let n = 0; n < 20; n += 1) await store.records.put('rollout', `r${n}`, value(0));
  const sizes: number[] = [];
  const files = new Set<number>();
  for (let n = 1; n <= 200; n += 1) {
    await store.records.put('rollout', `r${n % 20}`, value(n));
    const { size, ino } = statSync(path);
    sizes.push(size);
    files.add(ino);
  }
  const grown = sizes.slice(1).map((size, index) => size - (sizes[index] ?? 0));
  // One record of 20 kB is appended, not 20 of them; now and then the file is written anew.
  expect(grown.filter((bytes) => bytes > 20_000 && bytes < 21_000).length).toBeGreaterThan(150);
  expect(files.size).toBeGreaterThan(1);
  expect(files.size).toBeLessThan(20);
  expect(Math.max(...sizes)).toBeLessThan(1_300_000);
  await open[0]?.close();
  const kept = await (await start('data')).records.list('rollout');
  expect(kept.map((record) => (record.value as { n: number }).n).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, index) => 181 + index),
  );
});

test('the process that has the folder open leads it, until it withdraws', async () => {
  await start('data');
  const terms: Term[] = [];
  const withdraw = open[0]?.leadership.lead((term) => terms.push(term));
  expect(terms).toMatchObject([{ number: 1, ended: { aborted: false } }]);
  withdraw?.();
  expect(terms).toMatchObject([{ ended: { aborted: true } }]);
});

async function start(name: string): Promise<FlagStore> {
  const data = await DataFolder.open({ folder: `${root}/${name}`, log });
  open.push(data);
  return storeOf(data, defaultEnvironment);
}

/** Changes a flag and a record in one revision. */
async function step(store: FlagStore, n: number): Promise<void> {
  await store.write(
    () => ({
      author: 'graylane',
      edits: [{ path: ['flags', 'fees'], value: { ...fees, metadata: { n } } }],
      records: [{ kind: 'rollout', id: 'one', value: { step: n } }],
    }),
    { term: 1 },
  );
}
