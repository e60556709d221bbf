import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createServer, type RunningServer } from '@graylane/server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { admin } from './support/admin.ts';
import { followStream } from './support/follow.ts';
import { fees } from './support/serve.ts';

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

test('a client of the change stream that has everything is told just that after a restart', async () => {
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

test('a client of an environment that is removed is let go, and finds nothing when it comes back', async () => {
  const ask = admin(url());
  await ask('PUT', '/environments/staging', { body: { flags: { fees } }, headers: { 'if-none-match': '*' } });
  const stream = await followStream(`${url()}/api/v1/environments/staging/stream`);
  await stream.take(2);
  await ask('DELETE', '/environments/staging', { headers: { 'if-match': '*' } });
  await stream.ended;
  await expect(followStream(`${url()}/api/v1/environments/staging/stream`)).rejects.toThrow('404');
});

async function start(): Promise<RunningServer> {
  return createServer({ data: `${folder}/data`, port: 0, grpcPort: 0, managementPort: 0 }, quiet);
}

function url(): string {
  return `http://127.0.0.1:${server.port}`;
}
