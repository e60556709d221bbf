import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { GraylaneProvider } from '@graylane/provider';
import { createServer, type RunningServer } from '@graylane/server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { admin } from '../../apps/server/test/support/admin.ts';
import { fees, serve } from '../../apps/server/test/support/serve.ts';

const quiet = { info: () => {}, warn: () => {} };
const document = JSON.stringify({ flags: { fees } });

let folder: string;
let server: RunningServer;
let ask: ReturnType<typeof admin>;

/** A server whose flags file has a faulty edit, so that it refuses every write. */
beforeEach(async () => {
  folder = mkdtempSync(`${tmpdir()}/graylane-held-`);
  mkdirSync(`${folder}/environments/default`, { recursive: true });
  edit(document);
  await start();
  edit('{');
  await expect.poll(async () => (await health())['degraded']).toBe(true);
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function edit(text: string): void {
  writeFileSync(`${folder}/environments/default/flags.json`, text);
}

async function start(): Promise<void> {
  server = await createServer({ source: { data: folder }, port: 0, grpcPort: 0, managementPort: 0 }, quiet);
  ask = admin(`http://127.0.0.1:${server.port}`);
}

async function health(): Promise<Record<string, unknown>> {
  const [found] = (await ask('GET', '/environments')).body['environments'] as Record<string, unknown>[];
  return found ?? {};
}

async function isOff(): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${server.port}/ofrep/v1/evaluate/flags/fees`, {
    method: 'POST',
    body: '{"context":{"lane":"gray"}}',
  });
  return ((await response.json()) as { reason: string }).reason === 'DISABLED';
}

async function kills(): Promise<unknown> {
  return (await ask('GET', 'kill')).body['kills'];
}

test('a kill is in force at once while nothing can be written, and written afterwards', async () => {
  const provider = new GraylaneProvider({ source: { url: `http://127.0.0.1:${server.port}` } });
  await provider.initialize();
  const before = provider.revision;
  await expect.poll(async () => (await ask('GET', 'clients')).body['confirmed']).toBe(1);

  const killed = await ask('POST', 'kill?wait=60', {
    body: { flag: 'fees' },
    headers: { 'graylane-reason': 'errors' },
  });
  expect(killed.status).toBe(200);
  expect(killed.body).toMatchObject({
    held: expect.stringContaining('must be corrected first'),
    clients: { connected: 1, confirmed: 1 },
  });
  expect(killed.body['revision']).not.toBe(before);
  expect(provider.revision).toBe(killed.body['revision']);
  expect(await isOff()).toBe(true);
  expect(await kills()).toMatchObject([{ flag: 'fees', author: 'anonymous', reason: 'errors', held: true }]);
  const { environments } = (await (await fetch(`http://127.0.0.1:${server.port}/healthz`)).json()) as {
    environments: Record<string, object>;
  };
  expect(environments['default']).toMatchObject({ heldKills: { flags: ['fees'], lanes: [] } });

  edit(document);
  await expect.poll(kills, { timeout: 30_000 }).toMatchObject([{ flag: 'fees', held: false }]);
  const [newest] = (await ask('GET', 'history')).body['revisions'] as Record<string, string>[];
  expect(newest).toMatchObject({
    author: 'anonymous',
    reason: expect.stringMatching(/^errors \(in force since .*\)$/),
  });
  await expect.poll(() => provider.revision).toBe(newest?.['revision']);
  expect(await isOff()).toBe(true);
  expect(await health()).toMatchObject({ degraded: false });
  await provider.onClose();
});

test('a kill that is not written yet survives a restart', async () => {
  await ask('POST', 'kill?wait=0', { body: { flag: 'fees' } });
  await server.close();
  expect(existsSync(`${folder}/held-kills.json`)).toBe(true);
  await start();
  expect(await isOff()).toBe(true);
  edit(document);
  await expect.poll(kills, { timeout: 30_000 }).toMatchObject([{ flag: 'fees', held: false }]);
  await server.close();
  expect(JSON.parse(readFileSync(`${folder}/held-kills.json`, 'utf8'))).toEqual({
    default: { lanes: {}, flags: {} },
  });
  await start();
  expect(await isOff()).toBe(true);
});

test('a kill that would not survive a restart makes its environment degraded', async () => {
  mkdirSync(`${folder}/held-kills.json/in the way`, { recursive: true });
  const killed = await ask('POST', 'kill?wait=0', { body: { flag: 'fees' } });
  expect(killed.status).toBe(200);
  expect(await isOff()).toBe(true);
  const note = async (): Promise<unknown> => {
    const body = (await (await fetch(`http://127.0.0.1:${server.port}/healthz`)).json()) as {
      environments: { default: { heldKills?: { note: string } } };
    };
    return body.environments.default.heldKills?.note;
  };
  const unwritable = /held-kills\.json can't be written, so .*; make it writable/;
  await expect.poll(note).toMatch(unwritable);
  edit(document);
  await expect.poll(kills, { timeout: 30_000 }).toMatchObject([{ flag: 'fees', held: false }]);
  // The kill is written, but the file that is in the way still is.
  expect(await note()).toMatch(unwritable);
  rmSync(`${folder}/held-kills.json`, { recursive: true });
  edit('{');
  let attempts = 0;
  const write = async (): Promise<number> => {
    const headers = { 'if-none-match': '*', 'graylane-reason': 'a trial' };
    return (await ask('PUT', `flags/other-${(attempts += 1)}`, { body: fees, headers })).status;
  };
  await expect.poll(write).not.toBe(201);
  await ask('POST', 'kill?wait=0', { body: { lane: 'gray' } });
  await expect.poll(note).not.toMatch(unwritable);
});

test('a kill that is not written yet ends with its environment', async () => {
  const path = '/environments/staging';
  const create = async (): Promise<number> => {
    const headers = { 'if-none-match': '*', 'graylane-reason': 'a trial' };
    return (await ask('PUT', path, { body: { flags: { fees } }, headers })).status;
  };
  expect(await create()).toBe(201);
  writeFileSync(`${folder}/environments/staging/flags.json`, '{');
  const degraded = async (): Promise<unknown> =>
    ((await ask('GET', '/environments')).body['environments'] as Record<string, unknown>[]).find(
      ({ name }) => name === 'staging',
    )?.['degraded'];
  await expect.poll(degraded).toBe(true);
  const killed = await ask('POST', `${path}/kill?wait=0`, { body: { flag: 'fees' } });
  expect(killed.body).toMatchObject({ held: expect.any(String) });
  expect(await ask('DELETE', path, { headers: { 'if-match': '*' } })).toMatchObject({ status: 204 });
  expect(await create()).toBe(201);
  expect((await ask('GET', `${path}/kill`)).body['kills']).toEqual([]);
});

test('a kill that is not written yet can be lifted', async () => {
  await ask('POST', 'kill?wait=0', { body: { flag: 'fees' } });
  expect((await ask('DELETE', 'kill/flags/fees?wait=0')).status).toBe(200);
  expect(await isOff()).toBe(false);
  expect(await kills()).toEqual([]);
});

test('a read-only server refuses kills; one that serves several files holds them', async () => {
  const served = await serve({ flags: { fees } }, { readOnly: true });
  const refused = await admin(served.url)('POST', 'kill', { body: { flag: 'fees' } });
  expect([refused.status, refused.body['detail']]).toEqual([403, expect.stringContaining('--read-only')]);
  const files = [served.file];
  const merged = await createServer({ source: { files }, port: 0, grpcPort: 0, managementPort: 0 }, quiet);
  const held = await admin(`http://127.0.0.1:${merged.port}`)('POST', 'kill?wait=0', {
    body: { flag: 'fees' },
  });
  expect([held.status, held.body['held']]).toEqual([200, expect.stringContaining('this server serves')]);
  await merged.close();
  await served.close();
});
