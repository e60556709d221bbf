import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultEnvironment, storeOf } from '../src/store/environments.ts';
import { DataFolder } from '../src/store/file/data-folder.ts';
import type { FlagStore } from '../src/store/flag-store.ts';
import type { Term } from '../src/store/leadership.ts';
import { fees } from './support/serve.ts';

const log = { info: () => {}, warn: () => {} };
let root: string;
let open: DataFolder[];

beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/graylane-records-`);
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

test('a file of records that is damaged stops the start, and names the remedy', async () => {
  const store = await start('data');
  await store.records.put('rollout', 'one', { step: 1 });
  await open[0]?.close();
  const path = `${root}/data/environments/default/records.json`;
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, -9));
  await expect(start('data')).rejects.toThrow(/records\.json are damaged: restore the file from a backup/);
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
