import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileStore } from '../src/store/file/file-store.ts';
import type { Revision } from '../src/store/flag-store.ts';
import { MemoryLog, type NewRevision } from '../src/store/journal/revision-log.ts';
import { fees } from './support/serve.ts';
import { storeContract } from './support/store-contract.ts';

const quiet = { info: () => {}, warn: () => {} };
const on = { ...fees, defaultVariant: 'on' };
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-file-`);
  file = `${folder}/flags.json`;
});
afterEach(() => rmSync(folder, { recursive: true }));

storeContract('a flags file', async (document) => {
  writeFileSync(file, JSON.stringify(document));
  const store = await FileStore.open({ file, revisions: new MemoryLog(), log: quiet });
  return { store, close: () => store.close() };
});

test('an edit by hand that can not be recorded is not taken over until it can', async () => {
  writeFileSync(file, JSON.stringify({ flags: { fees } }));
  const revisions = new FullLog();
  const store = await FileStore.open({ file, revisions, log: quiet });
  try {
    revisions.full = true;
    writeFileSync(file, JSON.stringify({ flags: { fees: on } }));
    await expect.poll(() => store.condition.fault?.problems[0]?.message).toContain('could not be recorded');
    expect(store.condition.trouble?.message).toContain('disk is full');
    expect(store.snapshot.document.flags).toEqual({ fees });
    revisions.full = false;
    await expect.poll(() => store.snapshot.document.flags).toEqual({ fees: on });
    expect(store.condition).toMatchObject({ fault: undefined, trouble: undefined });
  } finally {
    await store.close();
  }
});

test('a file that is saved by hand in the very moment of a write keeps both changes', async () => {
  writeFileSync(file, JSON.stringify({ flags: { fees, other: fees } }));
  const revisions = new FullLog();
  const store = await FileStore.open({ file, revisions, log: quiet });
  try {
    revisions.meanwhile = () => writeFileSync(file, JSON.stringify({ flags: { fees, other: on } }));
    await store.write(() => ({ author: 'test', edits: [{ path: ['flags', 'fees'], value: on }] }));
    const both = { fees: on, other: on };
    expect(store.snapshot.document.flags).toEqual(both);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ flags: both });
    const [byHand, written] = await store.history({ limit: 2 });
    expect(byHand).toMatchObject({ author: 'file', changes: [{ path: ['flags', 'other'] }] });
    expect(written).toMatchObject({ author: 'test', changes: [{ path: ['flags', 'fees'] }] });
  } finally {
    await store.close();
  }
});

test('a file that can not be replaced once the change is recorded stops further writes, and says what helps', async () => {
  writeFileSync(file, JSON.stringify({ flags: { fees } }));
  const revisions = new FullLog();
  const store = await FileStore.open({ file, revisions, log: quiet });
  const put = (): Promise<unknown> =>
    store.write(() => ({ author: 'test', edits: [{ path: ['flags', 'fees'], value: on }] }));
  try {
    revisions.meanwhile = () => {
      rmSync(file);
      mkdirSync(file);
    };
    await expect(put()).rejects.toMatchObject({ code: 'unwritable' });
    await expect(put()).rejects.toThrow('could not be replaced: see to the disk and start the server anew');
    expect(store.condition.trouble).toBeDefined();
    expect(JSON.parse(readFileSync(`${file}.next`, 'utf8'))).toEqual({ flags: { fees: on } });
  } finally {
    await store.close();
  }
});

/** A log on a disk that can be full, and before which something can happen. */
class FullLog extends MemoryLog {
  full = false;
  meanwhile = (): void => {};

  override async append(revision: NewRevision): Promise<Revision> {
    this.meanwhile();
    this.meanwhile = () => {};
    if (this.full) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
    return super.append(revision);
  }
}
