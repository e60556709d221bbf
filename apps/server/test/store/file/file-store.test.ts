import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toDocument } from '../../../src/model/document.ts';
import type { Revision } from '../../../src/model/revision.ts';
import { FileSlots } from '../../../src/store/disk/file-slots.ts';
import { FileStore } from '../../../src/store/file/file-store.ts';
import { FileWatcher } from '../../../src/store/file/file-watcher.ts';
import { MemoryLog } from '../../../src/store/journal/memory-log.ts';
import type { NewRevision } from '../../../src/store/journal/revision-log.ts';
import { fees } from '../../support/serve.ts';
import { storeContract } from '../../support/store-contract.ts';

const on = { ...fees, defaultVariant: 'on' };
let folder: string;
let file: string;
let logged: string[];
let stores: FileStore[];

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-file-`);
  file = `${folder}/flags.json`;
  logged = [];
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  rmSync(folder, { recursive: true });
});

storeContract('a flags file', async (document) => {
  writeFileSync(file, JSON.stringify(document));
  const store = await open(new MemoryLog());
  return { store, close: () => store.close() };
});

test('an edit by hand that can not be recorded is not taken over until it can', async () => {
  writeFileSync(file, JSON.stringify({ flags: { fees } }));
  const revisions = new DiskLog();
  const store = await open(revisions);
  revisions.full = true;
  writeFileSync(file, JSON.stringify({ flags: { fees: on } }));
  await expect
    .poll(() => store.health())
    .toMatchObject({
      degraded: true,
      details: {
        problems: [{ message: expect.stringContaining('could not be recorded') }],
        disk: { message: expect.stringContaining('disk is full') },
      },
    });
  expect(toDocument(store.snapshot).flags).toEqual({ fees });
  revisions.full = false;
  await expect.poll(() => toDocument(store.snapshot).flags).toEqual({ fees: on });
  expect(store.health()).toMatchObject({ degraded: false });
});

test.each([
  ['that is the commit', false],
  ['that follows a log', true],
])('a file %s and is saved by hand while it is written keeps both changes', async (_case, isDurable) => {
  writeFileSync(file, JSON.stringify({ flags: { fees, other: fees } }));
  const store = await open(new DiskLog(isDurable));
  const saved = new Promise<void>((resolve) => {
    // Between the moment in which the store looks at the file and the one in which it replaces it.
    const unsubscribe = store.onChange(() => resolve(unsubscribe()));
  });
  let decided = 0;
  const writing = store.write(() => {
    decided += 1;
    if (decided === 1) writeFileSync(file, JSON.stringify({ flags: { fees, other: on } }));
    return { author: 'test', edits: [{ path: ['flags', 'fees'], value: on }] };
  });
  await Promise.all([writing, saved]);
  const both = { fees: on, other: on };
  await expect.poll(() => toDocument(store.snapshot).flags).toEqual(both);
  await expect.poll(() => JSON.parse(readFileSync(file, 'utf8')) as object).toEqual({ flags: both });
  const authors = (await store.history({ limit: 2 })).map(({ author }) => author);
  expect(authors.toSorted()).toEqual(['file', 'test']);
});

test('where a write and an edit by hand change the same, the edit wins, and the history has both', async () => {
  writeFileSync(file, JSON.stringify({ flags: { fees } }));
  const store = await open(new DiskLog(true));
  await store.write(() => put('fees', { ...fees, state: 'DISABLED', defaultVariant: 'on' }));
  const edited = { ...fees, targeting: {}, defaultVariant: 'off', metadata: { n: 1 } };
  writeFileSync(file, JSON.stringify({ flags: { fees: { ...edited, state: 'DISABLED' } } }));
  await expect.poll(async () => (await store.history({ limit: 1 }))[0]?.author).toBe('file');
  await expect.poll(() => readFileSync(file, 'utf8')).toContain('"n":1');
  expect((await store.history({ limit: 9 })).map(({ author }) => author)).toEqual(['file', 'test', 'file']);
});

test('a file that can not be replaced refuses writes if it is the commit, and serves the old flags', async () => {
  writeFileSync(file, JSON.stringify({ flags: { fees } }));
  const store = await open(new MemoryLog());
  rmSync(file);
  mkdirSync(file);
  await expect(store.write(() => put('fees', on))).rejects.toMatchObject({ code: 'unwritable' });
  expect(store.health()).toMatchObject({ degraded: true, details: { disk: expect.anything() } });
  expect(toDocument(store.snapshot).flags).toEqual({ fees });
});

test('a file that can not follow its log does so once it can; the writes are done', async () => {
  writeFileSync(file, JSON.stringify({ flags: { fees } }));
  const store = await open(new DiskLog(true));
  mkdirSync(`${file}.next`);
  await store.write(() => put('fees', on));
  expect(toDocument(store.snapshot).flags).toEqual({ fees: on });
  await expect.poll(() => store.health()).toMatchObject({ degraded: true });
  await store.write(() => put('other', on));
  rmSync(`${file}.next`, { recursive: true });
  await expect
    .poll(() => JSON.parse(readFileSync(file, 'utf8')) as object)
    .toEqual({
      flags: { fees: on, other: on },
    });
  await expect.poll(() => store.health()).toMatchObject({ degraded: false });
});

test('a closed store has left the whole of its flags in the file', async () => {
  writeFileSync(file, JSON.stringify({ flags: { fees } }));
  const store = await open(new DiskLog(true));
  for (let n = 0; n < 20; n += 1) await store.write(() => put(`flag-${n}`, on));
  const { snapshot } = store;
  await store.close();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(toDocument(snapshot));
});

test('a file with a byte-order mark is read, and keeps it', async () => {
  writeFileSync(file, `\uFEFF${JSON.stringify({ flags: { fees } })}`);
  const store = await open(new MemoryLog());
  await store.write(() => put('fees', on));
  const text = readFileSync(file, 'utf8');
  expect(text.startsWith('\uFEFF{')).toBe(true);
  expect(JSON.parse(text.slice(1))).toEqual({ flags: { fees: on } });
});

test.each([
  ['is missing', () => {}, 'ENOENT'],
  ['is a folder', () => mkdirSync(file), 'EISDIR'],
  [
    'is below another file',
    () => {
      writeFileSync(file, '');
      file = `${file}/flags.json`;
    },
    'ENOTDIR',
  ],
])('a file that %s is an error with the remedy', async (_case, prepare, code) => {
  prepare();
  await expect(open(new MemoryLog())).rejects.toThrow(
    new RegExp(`the flags file ${file} can't be read \\(${code}\\): .*--flags|--data`),
  );
});

test('a key that the file has twice is a warning', async () => {
  const flag = JSON.stringify(fees);
  writeFileSync(file, `{"flags": {"fees": ${flag}, "fees": ${flag}}}`);
  await open(new MemoryLog());
  expect(logged.join('\n')).toContain('$.flags.fees: the document has this member more than once');
});

test('a string of 20 MB does not keep other flags from being written', async () => {
  const long = { ...fees, metadata: { text: 'x"\\'.repeat(7_000_000) } };
  writeFileSync(file, JSON.stringify({ flags: { long, fees } }));
  const store = await open(new MemoryLog());
  await store.write(() => put('fees', on));
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ flags: { long, fees: on } });
});

function put(
  key: string,
  value: object,
): { author: string; edits: { path: ['flags', string]; value: object }[] } {
  return { author: 'test', edits: [{ path: ['flags', key], value }] };
}

async function open(revisions: MemoryLog): Promise<FileStore> {
  const log = { info: (text: string) => logged.push(text), warn: (text: string) => logged.push(text) };
  const [watcher, slots] = [new FileWatcher(), new FileSlots()];
  const store = await FileStore.open({ file, revisions, watcher, slots, log });
  stores.push(store);
  return store;
}

/** A log on a disk that can be full. */
class DiskLog extends MemoryLog {
  full = false;
  override readonly isDurable: boolean;

  constructor(isDurable = false) {
    super();
    this.isDurable = isDurable;
  }

  override async append(revision: NewRevision): Promise<Revision> {
    if (this.full) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
    return super.append(revision);
  }
}
