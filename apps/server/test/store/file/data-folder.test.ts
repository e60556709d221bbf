import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataFolder } from '../../../src/store/file/data-folder.ts';
import { storeOf } from '../../../src/store/environments.ts';
import { toDocument, toParsedDocument } from '../../../src/model/document.ts';
import type { FlagStore } from '../../../src/store/flag-store.ts';
import { fees } from '../../support/serve.ts';
import { storeContract } from '../../support/store-contract.ts';

const on = { ...fees, defaultVariant: 'on' };
const quiet = { info: () => {}, warn: () => {} };
let folder: string;
let logged: string[];
let open: DataFolder[];

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-data-`);
  logged = [];
  open = [];
});
afterEach(async () => {
  for (const data of open) await data.close();
  rmSync(folder, { recursive: true });
});

storeContract('an environment of a data folder', async (document) => {
  mkdirSync(`${folder}/environments/default`, { recursive: true });
  edit(document);
  const data = await start();
  return { store: storeOf(data, 'default'), close: () => data.close() };
});

describe('a data folder', () => {
  test('begins with an environment "default" without flags, in a file to edit', async () => {
    const data = await start();
    expect(data.names).toEqual(['default']);
    expect(JSON.parse(readFlags())).toEqual({ $schema: expect.any(String), flags: {} });
    edit({ flags: { fees } });
    await expect.poll(() => storeOf(data, 'default').snapshot.flags.size).toBe(1);
    const [revision] = await storeOf(data, 'default').history({ limit: 1 });
    expect(revision).toMatchObject({
      author: 'file',
      changes: [{ path: ['flags', 'fees'], after: fees }, { path: ['$schema'] }],
    });
  });

  test('goes on after a restart: same history, same revision', async () => {
    const data = await start();
    await put(data, 'fees', fees);
    const { revision } = await put(data, 'fees', on);
    const history = await storeOf(data, 'default').history({ limit: 10 });
    await data.close();
    const again = storeOf(await start(), 'default');
    expect(again.snapshot.revision).toBe(revision);
    expect(await again.history({ limit: 10 })).toEqual(history);
    const { revision: next } = await again.write(() => change('fees', fees));
    expect(next.split('.')[0]).toBe(revision.split('.')[0]);
    expect(Number(next.split('.')[1])).toBe(Number(revision.split('.')[1]) + 1);
  });

  test('makes a revision of what was edited while no server ran', async () => {
    const data = await start();
    await put(data, 'fees', fees);
    await data.close();
    edit({ flags: { fees: on } });
    const store = storeOf(await start(), 'default');
    expect(toDocument(store.snapshot).flags).toEqual({ fees: on });
    expect((await store.history({ limit: 1 }))[0]).toMatchObject({
      author: 'file',
      changes: expect.arrayContaining([{ path: ['flags', 'fees'], before: fees, after: on }]),
    });
  });

  test('makes none of a file that was only laid out anew', async () => {
    const data = await start();
    const { revision } = await put(data, 'fees', fees);
    await data.close();
    writeFileSync(flagsFile(), JSON.stringify(JSON.parse(readFlags()), null, 7));
    expect(storeOf(await start(), 'default').snapshot.revision).toBe(revision);
  });

  test('serves the newest revision while an edit made without it is broken', async () => {
    const data = await start();
    await put(data, 'fees', on);
    await data.close();
    writeFileSync(flagsFile(), '{"flags": {');
    const store = storeOf(await start(), 'default');
    expect(toDocument(store.snapshot).flags).toEqual({ fees: on });
    expect(store.health()).toMatchObject({ degraded: true, details: { problems: [{ path: '$' }] } });
    expect(readFlags()).toBe('{"flags": {');
  });

  test('writes a flags file that is gone anew', async () => {
    const data = await start();
    for (const key of Array.from({ length: 20 }, (_, n) => `flag-${n}`)) await put(data, key, fees);
    const last = await put(data, 'flag-3', undefined);
    await data.close();
    rmSync(flagsFile());
    const { snapshot } = storeOf(await start(), 'default');
    expect(snapshot.revision).toBe(last.revision);
    expect(toDocument(snapshot)).toEqual(toDocument(last));
    expect(JSON.parse(readFlags())).toEqual(toDocument(last));
  });

  test('finishes a change that a crash has left between the journal and the file', async () => {
    const data = await start();
    await put(data, 'fees', fees);
    const before = await filed('fees', fees);
    const { revision } = await put(data, 'fees', on);
    await data.close();
    writeFileSync(`${flagsFile()}.next`, readFlags());
    writeFileSync(flagsFile(), before);
    const { snapshot } = storeOf(await start(), 'default');
    expect(snapshot.revision).toBe(revision);
    await filed('fees', on);
    expect(existsSync(`${flagsFile()}.next`)).toBe(false);
  });

  test('drops a change that a crash has left before the journal', async () => {
    const data = await start();
    const { revision } = await put(data, 'fees', fees);
    await data.close();
    writeFileSync(`${flagsFile()}.next`, JSON.stringify({ flags: { fees: on } }));
    expect(storeOf(await start(), 'default').snapshot.revision).toBe(revision);
    expect(existsSync(`${flagsFile()}.next`)).toBe(false);
  });

  test('keeps both: a change that a crash cut short, and the edit by hand before the restart', async () => {
    const data = await start();
    await put(data, 'fees', fees);
    const before = JSON.parse(await filed('fees', fees)) as { flags: object };
    await put(data, 'other', fees);
    await data.close();
    writeFileSync(`${flagsFile()}.next`, readFlags());
    edit({ ...before, flags: { fees: on } });
    const store = storeOf(await start(), 'default');
    expect(toDocument(store.snapshot).flags).toEqual({ fees: on, other: fees });
    await filed('other', fees);
    expect(JSON.parse(readFlags())).toMatchObject({ flags: { fees: on, other: fees } });
    expect((await store.history({ limit: 1 }))[0]).toMatchObject({
      author: 'file',
      changes: [{ path: ['flags', 'fees'] }],
    });
  });

  test('cuts off an unfinished line, and logs that', async () => {
    const data = await start();
    const { revision } = await put(data, 'fees', fees);
    await data.close();
    const whole = readFileSync(journalFile());
    writeFileSync(journalFile(), Buffer.concat([whole, whole.subarray(0, 100)]));
    expect(storeOf(await start(), 'default').snapshot.revision).toBe(revision);
    expect(readFileSync(journalFile())).toEqual(whole);
    expect(logged.join('\n')).toContain('cut off 100 bytes');
  });

  test.each([
    ['in the first line', 80],
    ['in the middle', 700],
    ['in the last hash', -300],
    ['in the end of the last line', -1],
  ])('does not start on a journal with a flipped bit %s, and names the place', async (_case, at) => {
    const data = await start();
    for (const variant of ['on', 'off', 'on']) await put(data, 'fees', { ...fees, defaultVariant: variant });
    await data.close();
    const bytes = readFileSync(journalFile());
    const position = at < 0 ? bytes.length + at : at;
    bytes[position] = (bytes[position] ?? 0) ^ 1;
    writeFileSync(journalFile(), bytes);
    await expect(start()).rejects.toThrow(/journal\.jsonl is corrupt in line \d.*move the journal away/s);
    rmSync(journalFile());
    expect(toDocument(storeOf(await start(), 'default').snapshot).flags).toMatchObject({ fees: on });
  });

  test('has environments that come and go, each with a history of its own', async () => {
    const data = await start();
    const [came, went]: string[][] = [[], []];
    data.onCreate((name) => came?.push(name));
    data.onRemove((name) => went?.push(name));
    const staging = await data.create('staging', toParsedDocument({ flags: { fees } }), {
      author: 'ada',
      reason: 'rehearse',
    });
    expect((await staging.history({ limit: 9 }))[0]).toMatchObject({ author: 'ada', reason: 'rehearse' });
    await expect(
      data.create('staging', toParsedDocument({ flags: {} }), { author: 'ada' }),
    ).rejects.toMatchObject({
      code: 'name_taken',
    });
    await data.close();
    const again = await start();
    expect(again.names).toEqual(['default', 'staging']);
    expect(toDocument(storeOf(again, 'default').snapshot).flags).toEqual({});
    again.onRemove((name) => went?.push(name));
    const store = storeOf(again, 'staging');
    await again.remove('staging', () => ({ author: 'ada' }));
    expect([came, went]).toEqual([['default', 'staging'], ['staging']]);
    await expect(store.write(() => change('fees', on))).rejects.toMatchObject({
      code: 'unknown_environment',
    });
    const [kept = ''] = readdirSync(`${folder}/removed`);
    expect(readFileSync(`${folder}/removed/${kept}/journal.jsonl`, 'utf8')).toContain('"removed":true');
    await again.create('staging', toParsedDocument({ flags: {} }), { author: 'ada' });
  });

  test('finishes a removal that a crash has cut short', async () => {
    const data = await start();
    await data.create('staging', toParsedDocument({ flags: { fees } }), { author: 'ada' });
    await data.remove('staging', () => ({ author: 'ada' }));
    await data.close();
    const [kept = ''] = readdirSync(`${folder}/removed`);
    renameSync(`${folder}/removed/${kept}`, `${folder}/environments/staging`);
    expect((await start()).names).toEqual(['default']);
    expect(readdirSync(`${folder}/removed`)).toHaveLength(1);
  });

  test.each(['', '.', '..', 'a/b', '../up', 'UPPER', 'a.b', 'x'.repeat(64), '__proto__'])(
    'takes no environment called %j',
    async (name) => {
      const data = await start();
      await expect(
        data.create(name, toParsedDocument({ flags: {} }), { author: 'ada' }),
      ).rejects.toMatchObject({
        code: 'invalid',
      });
    },
  );

  test('keeps the environment of callers who name none', async () => {
    const data = await start();
    await expect(data.remove('default', () => ({ author: 'ada' }))).rejects.toMatchObject({
      code: 'protected',
    });
  });

  test('opened to be read refuses every write and takes edits by hand over', async () => {
    await (await start()).close();
    const data = await start({ readOnly: true });
    await expect(put(data, 'fees', fees)).rejects.toMatchObject({ code: 'read_only' });
    await expect(
      data.create('staging', toParsedDocument({ flags: {} }), { author: 'ada' }),
    ).rejects.toMatchObject({
      code: 'read_only',
    });
    edit({ flags: { fees } });
    await expect.poll(() => storeOf(data, 'default').snapshot.flags.size).toBe(1);
  });
});

describe('a data folder that can not be used: the error has the reason and the remedy', () => {
  test('its path is a file', async () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    await expect(start()).rejects.toThrow(
      /can't be used \((?:ENOTDIR|EEXIST)\): .*serve the file with --flags|name a folder/,
    );
  });

  test('a part of its path is a file', async () => {
    writeFileSync(`${folder}/file`, '');
    const below = DataFolder.open({ folder: `${folder}/file/data`, log: quiet });
    await expect(below).rejects.toThrow(
      `the data folder ${folder}/file/data can't be used (ENOTDIR): a part of the path`,
    );
  });
});

describe('the lock of a data folder', () => {
  test('keeps a second server out, and names the first', async () => {
    await start();
    await expect(start()).rejects.toThrow(`held by process ${process.pid} on ${hostname()}`);
  });

  test('is taken over from a process that is dead', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    lockFor({ pid: child.pid });
    await start();
  });

  test('of a process in another PID namespace counts while its holder shows that it lives', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    lockFor({ pid: child.pid, pidNamespace: 'pid:[1]' });
    await expect(start()).rejects.toThrow(`held by process ${child.pid}`);
    utimesSync(`${folder}/lock`, new Date(0), new Date(0));
    await start();
  });

  test('is touched by the clock of the file system, not by that of its holder', async () => {
    await start();
    const skewed = new Date(Date.now() - 3_600_000);
    utimesSync(`${folder}/lock`, skewed, skewed);
    await expect.poll(() => Date.now() - statSync(`${folder}/lock`).mtimeMs).toBeLessThan(60_000);
  });

  test('is taken over from a process whose number another one has now', async () => {
    lockFor({ pid: process.pid, started: '1' });
    await start();
  });

  test('is taken over where a power cut has left half of it', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/lock`, '{"pid": 12');
    await start();
  });

  test('of another machine counts while its holder shows that it lives', async () => {
    lockFor({ pid: 1, host: 'elsewhere' });
    await expect(start()).rejects.toThrow('held by process 1 on elsewhere');
    utimesSync(`${folder}/lock`, new Date(0), new Date(0));
    await start();
  });

  test('that another process took away stops the writes of its former holder', async () => {
    const data = await start();
    lockFor({ pid: 1, host: 'elsewhere' });
    await expect(put(data, 'fees', fees)).rejects.toMatchObject({
      code: 'unwritable',
      message: expect.stringContaining('another server has taken the lock'),
    });
  });

  test('is needed: lines that something else has appended are not overwritten', async () => {
    const data = await start();
    await put(data, 'fees', fees);
    appendFileSync(journalFile(), 'hello\n');
    await expect(put(data, 'fees', on)).rejects.toMatchObject({ code: 'unwritable' });
    expect(readFileSync(journalFile(), 'utf8')).toMatch(/hello\n$/);
  });
});

async function start(options: { readonly readOnly?: boolean } = {}): Promise<DataFolder> {
  const log = { info: (text: string) => logged.push(text), warn: (text: string) => logged.push(text) };
  const data = await DataFolder.open({ folder, log, ...options });
  open.push(data);
  return data;
}

async function put(data: DataFolder, key: string, value: object | undefined): ReturnType<FlagStore['write']> {
  return storeOf(data, 'default').write(() => change(key, value));
}

function change(
  key: string,
  value: object | undefined,
): { author: string; edits: { path: ['flags', string]; value: unknown }[] } {
  return { author: 'test', edits: [{ path: ['flags', key], value }] };
}

function lockFor(holder: object): void {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const lock = { id: 'x', host: hostname(), boot, started: '', ...holder };
  writeFileSync(`${folder}/lock`, JSON.stringify(lock));
}

function flagsFile(): string {
  return `${folder}/environments/default/flags.json`;
}

function journalFile(): string {
  return `${folder}/environments/default/journal.jsonl`;
}

function readFlags(): string {
  return readFileSync(flagsFile(), 'utf8');
}

/** The flags file, once it has a flag: it follows the journal. */
async function filed(key: string, flag: object): Promise<string> {
  await expect
    .poll(() => (JSON.parse(readFlags()) as { flags: object }).flags)
    .toMatchObject({ [key]: flag });
  return readFlags();
}

function edit(document: object): void {
  writeFileSync(flagsFile(), JSON.stringify(document));
}
