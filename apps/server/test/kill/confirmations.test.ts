import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { admin } from '../support/admin.ts';
import { followStream } from '../support/follow.ts';
import { fees, serveFolder, type Served } from '../support/serve.ts';
import { bearer, tokenIn } from '../support/with-tokens.ts';

let folder: string;
let served: Served;
const tokens: Record<string, string> = {};

beforeEach(async () => {
  folder = mkdtempSync(`${tmpdir()}/graylane-tokens-`);
  const file = `${folder}/tokens.json`;
  for (const name of ['orders', 'stranger']) {
    tokens[name] = await tokenIn(file, { name, scope: 'definitions' });
  }
  served = await serveFolder({ flags: { fees } }, { tokens: file });
});
afterEach(async () => {
  await served.close();
  rmSync(folder, { recursive: true });
});

test('a revision is confirmed for a client by the token of its stream, and by no other', async () => {
  const ask = admin(served.url);
  const [own, other] = [bearer(tokens['orders'] ?? ''), bearer(tokens['stranger'] ?? '')];
  const client = { service: 'orders', instance: 'i-1' };
  const stream = await followStream(`${served.url}/api/v1/environments/default/stream`, {
    ...own,
    'graylane-service': client.service,
    'graylane-instance': client.instance,
  });
  const [first] = await stream.events.take(1);
  const body = { ...client, revision: first?.id };
  const counts = async (): Promise<unknown> => (await ask('GET', 'clients', { headers: own })).body;

  const forged = await ask('POST', 'clients', { headers: other, body });
  expect(forged.status).toBe(403);
  expect(JSON.stringify(forged.body)).toContain('send its reports with the token of its stream');
  expect(await counts()).toMatchObject({ connected: 1, confirmed: 0 });

  expect((await ask('POST', 'clients', { headers: own, body })).status).toBe(204);
  expect(await counts()).toMatchObject({ connected: 1, confirmed: 1 });

  const setBack = await ask('POST', 'clients', { headers: other, body: { ...body, revision: 'older' } });
  expect(setBack.status).toBe(403);
  expect(await counts()).toMatchObject({ connected: 1, confirmed: 1 });
  stream.close();
});

test('a stream under the name of an absent client neither confirms nor refuses for it', async () => {
  const ask = admin(served.url);
  const [own, other] = [bearer(tokens['orders'] ?? ''), bearer(tokens['stranger'] ?? '')];
  const client = { service: 'orders', instance: 'i-1' };
  const follow = async (token: typeof own): ReturnType<typeof followStream> =>
    followStream(`${served.url}/api/v1/environments/default/stream`, {
      ...token,
      'graylane-service': client.service,
      'graylane-instance': client.instance,
    });
  const counts = async (): Promise<unknown> => (await ask('GET', 'clients', { headers: own })).body;
  const foreign = await follow(other);
  const [first] = await foreign.events.take(1);
  const body = { ...client, revision: first?.id };
  expect((await ask('POST', 'clients', { headers: other, body })).status).toBe(204);

  const stream = await follow(own);
  await stream.events.take(1);
  expect(await counts()).toMatchObject({ connected: 2, confirmed: 1 });
  expect((await ask('POST', 'clients', { headers: own, body })).status).toBe(204);
  expect(await counts()).toMatchObject({ connected: 2, confirmed: 2 });

  foreign.close();
  await expect.poll(counts).toMatchObject({ connected: 1, confirmed: 1 });
  expect((await ask('POST', 'clients', { headers: other, body })).status).toBe(403);
  expect((await ask('POST', 'clients', { headers: own, body })).status).toBe(204);
  stream.close();
  await expect.poll(counts).toMatchObject({ connected: 0 });
});
