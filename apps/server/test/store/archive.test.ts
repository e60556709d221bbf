import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { postgres, startPostgres, type Postgres } from '../../../../test/components/services/postgres.ts';
import { exportAllCommand, importAllCommand } from '../../src/cli/commands/archive.ts';
import { toDocument, toParsedDocument } from '../../src/model/document.ts';
import { storeOf, type Environments } from '../../src/store/environments.ts';
import { DataFolder } from '../../src/store/file/data-folder.ts';
import { Database } from '../../src/store/postgres/database/database.ts';
import { PostgresEnvironments } from '../../src/store/postgres/postgres-environments.ts';
import { fees } from '../support/serve.ts';
import { tokenIn } from '../support/with-tokens.ts';

const bin = fileURLToPath(new URL('../../bin/graylane-server.js', import.meta.url));
const log = { info: () => {}, warn: () => {} };

await describeWith(postgres, 'an archive of a whole store', () => {
  let server: Postgres;
  let folder: string;
  let archive: string;
  let count = 0;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    folder = mkdtempSync(`${tmpdir()}/graylane-archive-`);
    archive = `${folder}/archive`;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('moves from a folder to a database and back: history, hashes, records, tokens, removed environments', async () => {
    await tokenIn(`${folder}/data/tokens.json`, { name: 'orders', scope: 'write' });
    const data = await DataFolder.open({ folder: `${folder}/data`, log });
    await fill(data);
    const before = await described(data);
    await data.close();
    await run('export', '--all', archive, '--data', `${folder}/data`);

    const url = await newDatabase();
    const { stdout } = await run('import', '--all', archive, '--database', url);
    expect(stdout).toBe('environments: 3, revisions: 8, tokens: 1\n');
    const database = await Database.open({ url, log });
    const moved = await PostgresEnvironments.open(database);
    expect(await described(moved)).toEqual(before);
    await storeOf(moved, 'default').write(() => ({
      author: 'ada',
      edits: [{ path: ['flags', 'later'], value: fees }],
    }));
    const after = await described(moved);
    await moved.close();
    expect((await run('verify', '--database', url)).stdout).toContain('environment default: 6 revisions');
    expect((await run('token', 'list', '--database', url)).stdout).toContain('orders');

    await run('export', '--all', `${archive}.2`, '--database', url);
    await run('import', '--all', `${archive}.2`, '--data', `${folder}/back`);
    expect((await run('verify', `${folder}/back`)).stdout).toContain('removed/old.');
    const back = await DataFolder.open({ folder: `${folder}/back`, log });
    expect(await described(back)).toEqual(after);
    await back.close();
    const [lines, again] = [archive, `${archive}.2`].map((file) => readFileSync(file, 'utf8').split('\n'));
    expect(again).toEqual(expect.arrayContaining(lines?.filter((line) => line.includes('"line"')) ?? []));
    expect((await run('token', 'list', '--data', `${folder}/back`)).stdout).toContain('orders');
  });

  test('that was changed or cut short is refused, and leaves nothing', async () => {
    const data = await DataFolder.open({ folder: `${folder}/data`, log });
    await fill(data);
    await data.close();
    await exportAllCommand({ place: { data: `${folder}/data` }, file: archive });
    const whole = readFileSync(archive, 'utf8');
    const url = await newDatabase();
    for (const [text, words] of [
      [whole.replace('payday', 'heyday'), 'was changed: the hash does not match in line'],
      [whole.split('\n').slice(0, -2).join('\n'), 'was cut short'],
      ['{}\n', 'is not an archive'],
      [whole.replace('"version":1', '"version":2'), 'was written by a later version: upgrade'],
    ] as const) {
      writeFileSync(archive, text);
      for (const place of [{ database: url }, { data: `${folder}/new` }]) {
        await expect(importAllCommand({ place, file: archive })).rejects.toThrow(words);
      }
    }
    expect(await server.run('select count(*) from graylane.environments', nameOf(url))).toBe('0');
    writeFileSync(archive, whole);
    await importAllCommand({ place: { data: `${folder}/new` }, file: archive });
    await importAllCommand({ place: { database: url }, file: archive });
    await expect(importAllCommand({ place: { data: `${folder}/new` }, file: archive })).rejects.toThrow(
      'is not empty: name a new one with --data',
    );
    await expect(importAllCommand({ place: { database: url }, file: archive })).rejects.toThrow(
      'has environments already: name an empty one',
    );
  });

  test('verify shows what was changed in a database by hand', async () => {
    const url = await newDatabase();
    const replica = await PostgresEnvironments.open(await Database.open({ url, log }));
    await fill(replica);
    await replica.close();
    const { stdout } = await run('verify', '--database', url);
    const [, head = ''] = /environment default: 5 revisions, head (\w+)/.exec(stdout) ?? [];
    await run('verify', '--database', url, '--head', head);
    await server.run(`update graylane.parts set value = '{}' where path like '%fees%'`, nameOf(url));
    await expect(run('verify', '--database', url)).rejects.toMatchObject({
      stderr: expect.stringContaining('$.flags.fees is not as its newest revision has left it'),
    });
    await server.run(`update graylane.revisions set line = replace(line, 'payday', 'heyday')`, nameOf(url));
    await expect(run('verify', '--database', url)).rejects.toMatchObject({
      stderr: expect.stringContaining('its hash does not match'),
    });
    await server.run(`delete from graylane.revisions where n > 2`, nameOf(url));
    await expect(run('verify', '--database', url, '--head', head)).rejects.toMatchObject({
      stderr: expect.stringContaining(`no journal has the hash ${head}`),
    });
  });

  async function newDatabase(): Promise<string> {
    count += 1;
    return server.createDatabase(`archive_${count}`);
  }
});

/** Three environments, of which one is removed, with eight revisions and a record. */
async function fill(environments: Environments): Promise<void> {
  const document = toParsedDocument({ flags: { fees }, metadata: { flagSetId: 'é' } });
  await environments.create('staging', document, { author: 'ada' });
  await environments.create('old', document, { author: 'ada' });
  await environments.remove('old', () => ({ author: 'ada' }));
  const store = storeOf(environments, 'default');
  for (const defaultVariant of ['on', 'off', 'on']) {
    await store.write(() => ({
      author: 'ada',
      reason: 'payday',
      edits: [{ path: ['flags', 'fees'], value: { ...fees, defaultVariant } }],
      records: [{ kind: 'rollout', id: 'one', value: { defaultVariant } }],
    }));
  }
  await store.write(() => ({
    author: 'ada',
    edits: [
      { path: ['flags', 'a\u0000b'], value: { ...fees, metadata: { note: '\u0000\\ "quoted"' } } },
      { path: ['$evaluators', 'insider'], value: { '==': [{ var: 'tenant' }, 'internal'] } },
    ],
  }));
}

async function described(environments: Environments): Promise<object> {
  const stores = environments.names.map(async (name) => {
    const store = storeOf(environments, name);
    const { revision } = store.snapshot;
    const [history, records] = [await store.history({ limit: 100 }), await store.records.list('rollout')];
    return { name, revision, document: toDocument(store.snapshot), history, records };
  });
  return Promise.all(stores);
}

async function run(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [bin, ...args]);
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
