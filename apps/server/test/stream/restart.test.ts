import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createServer, type RunningServer } from '@graylane/server';
import { applyDelta, type Delta } from '@graylane/source';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { admin } from '../support/admin.ts';
import { followStream, type Followed } from '../support/follow.ts';
import { fees } from '../support/serve.ts';

const quiet = { info: () => {}, warn: () => {} };
let folder: string;
let server: RunningServer;

beforeEach(async () => {
  folder = mkdtempSync(`${tmpdir()}/graylane-restart-`);
  server = await start();
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

test('a client of the change stream that has missed nothing gets `current` after a restart', async () => {
  const ask = admin(url());
  await ask('PUT', 'flags/fees', { body: fees, headers: { 'if-none-match': '*' } });
  const before = await followStream(`${url()}/api/v1/environments/default/stream`);
  const [, snapshot] = await before.take(2);
  expect(snapshot).toMatchObject({ event: 'snapshot', data: { document: { flags: { fees } } } });
  await server.close();
  server = await start();
  const headers = { 'last-event-id': snapshot?.id ?? '' };
  const after = await followStream(`${url()}/api/v1/environments/default/stream`, headers);
  const [, current] = await after.take(2);
  expect(current).toMatchObject({ event: 'current', id: snapshot?.id });
  after.close();
});

test('a client of the change stream that was away over a restart gets the changes before, during and after it', async () => {
  const ask = admin(url());
  const { before, id } = await firstSnapshot();
  const create = { headers: { 'if-none-match': '*' } };
  await ask('PUT', 'flags/fees', { body: fees, ...create });
  await ask('PUT', 'segments/staff', { body: { ends_with: [{ var: 'email' }, '@shop.example'] }, ...create });
  await ask('PUT', 'segments/testers', { body: { '==': [{ var: 'tester' }, true] }, ...create });
  await ask('PUT', 'flags/other', { body: fees, ...create });
  await ask('PATCH', 'flags/fees', { body: { defaultVariant: 'on' }, headers: { 'if-match': '*' } });
  await ask('DELETE', 'segments/staff', { headers: { 'if-match': '*' } });
  await ask('DELETE', 'flags/other', { headers: { 'if-match': '*' } });
  await server.close();
  const file = `${folder}/data/environments/default/flags.json`;
  const edited = { ...JSON.parse(readFileSync(file, 'utf8')), metadata: { version: '2' } } as object;
  writeFileSync(file, JSON.stringify(edited));
  server = await start();
  await admin(url())('DELETE', 'segments/testers', { headers: { 'if-match': '*' } });
  const { body } = await admin(url())('GET', '');
  const after = await follow(id);
  const missed = (await after.take(10)).slice(1);
  expect(missed.map(({ event }) => event)).toEqual(Array.from({ length: 9 }, () => 'delta'));
  const kinds = missed.map(({ data }) => Object.keys(data as object).filter((name) => name !== 'revision'));
  expect(kinds).toEqual([
    ['flags'],
    ['flags', '$evaluators'],
    ['flags', '$evaluators'],
    ['flags'],
    ['flags'],
    ['flags', '$evaluators'],
    ['flags'],
    ['flags', 'metadata'],
    ['flags', '$evaluators'],
  ]);
  expect(missed.reduce((document, { data }) => applyDelta(document, data as Delta), before)).toEqual(body);
  after.close();
});

test('a client that missed more than the server keeps gets a snapshot, marked as a resync', async () => {
  const { id } = await firstSnapshot();
  const ask = admin(url());
  for (let n = 0; n < 9; n += 1) {
    const large = { ...fees, metadata: { text: 'x'.repeat(1_000_000), n } };
    await ask('PUT', `flags/fees`, {
      body: large,
      headers: n === 0 ? { 'if-none-match': '*' } : { 'if-match': '*' },
    });
  }
  const { id: newest } = await firstSnapshot();
  await ask('PUT', 'flags/other', { body: fees, headers: { 'if-none-match': '*' } });
  await server.close();
  server = await start();
  const after = await follow(id);
  const [, resync] = await after.take(2);
  expect(resync).toMatchObject({ event: 'snapshot', data: { resync: true } });
  after.close();
  const later = await follow(newest);
  const [, delta] = await later.take(2);
  expect(delta).toMatchObject({ event: 'delta', data: { flags: { other: fees } } });
  later.close();
});

test('a client of an environment that is removed is let go, and finds nothing when it comes back', async () => {
  const ask = admin(url());
  await ask('PUT', '/environments/staging', { body: { flags: { fees } }, headers: { 'if-none-match': '*' } });
  const stream = await followStream(`${url()}/api/v1/environments/staging/stream`);
  await stream.take(2);
  await ask('DELETE', '/environments/staging', { headers: { 'if-match': '*' } });
  await stream.ended;
  await expect(followStream(`${url()}/api/v1/environments/staging/stream`)).rejects.toThrow('404');
});

async function follow(applied: string): Promise<Followed> {
  return followStream(`${url()}/api/v1/environments/default/stream`, { 'last-event-id': applied });
}

/** The first event of a new client. */
async function firstSnapshot(): Promise<{ before: object; id: string }> {
  const stream = await follow('');
  const [, { id = '', data } = {}] = await stream.take(2);
  stream.close();
  return { before: (data as { document: object }).document, id };
}

async function start(): Promise<RunningServer> {
  return createServer({ source: { data: `${folder}/data` }, port: 0, grpcPort: 0, managementPort: 0 }, quiet);
}

function url(): string {
  return `http://127.0.0.1:${server.port}`;
}
