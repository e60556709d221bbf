import { createClient, type Client } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inbox } from '../../../../test/support/inbox.ts';
import { Service } from '../../src/protocols/flagd/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../../src/protocols/flagd/gen/flagd/sync/v1/sync_pb.ts';
import { admin } from '../support/admin.ts';
import { followStream } from '../support/follow.ts';
import { serveFolder, type Served } from '../support/serve.ts';

const flag = (value: string): object => ({ state: 'ENABLED', variants: { a: value }, defaultVariant: 'a' });
const document = (value: string, flagSetId: string): object => ({
  metadata: { flagSetId },
  flags: { where: flag(value) },
});
const create = { 'if-none-match': '*' };
let served: Served;
let ask: ReturnType<typeof admin>;
let evaluation: Client<typeof Service>;
let sync: Client<typeof FlagSyncService>;

beforeEach(async () => {
  served = await serveFolder(document('home', 'shop'));
  ask = admin(served.url);
  const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${served.grpcPort}` });
  [evaluation, sync] = [createClient(Service, transport), createClient(FlagSyncService, transport)];
  await make('staging', document('stage', 'shop'));
  await make('lab', document('bench', 'tools'));
});
afterEach(() => served.close());

describe('one server serves many environments', () => {
  test.each([
    [{}, 'home'],
    [{ 'graylane-environment': 'staging' }, 'stage'],
    [{ 'flagd-selector': 'environment=staging' }, 'stage'],
    [{ 'flagd-selector': 'source=staging' }, 'stage'],
    [{ 'flagd-selector': 'staging' }, 'stage'],
    [{ 'flagd-selector': 'flagSetId=tools' }, 'bench'],
    [{ 'flagd-selector': 'flagSetId=lab' }, 'bench'],
    [{ 'graylane-environment': 'staging', 'flagd-selector': 'flagSetId=shop' }, 'stage'],
  ])('with %j from %s', async (headers, value) => {
    expect(await evaluation.resolveString({ flagKey: 'where' }, { headers })).toMatchObject({ value });
    expect((await sync.fetchAllFlags({}, { headers })).flagConfiguration).toContain(`"${value}"`);
  });

  test('but not where a selector matches two, which the error names', async () => {
    const refused = sync.fetchAllFlags({ selector: 'flagSetId=shop' });
    await expect(refused).rejects.toThrow(/\[invalid_argument\].*"default", "staging": use environment=NAME/);
  });

  test('and an event stream of OFREP hears of its own environment alone', async () => {
    const answer = await fetch(`${served.url}/ofrep/v1/evaluate/flags`, {
      method: 'POST',
      headers: { 'graylane-environment': 'staging' },
    });
    const { eventStreams } = (await answer.json()) as {
      eventStreams: [{ endpoint: { requestUri: string } }];
    };
    const stream = await followStream(`${served.url}${eventStreams[0].endpoint.requestUri}`);
    await stream.events.take(1);
    await change('lab', 'other');
    await change('staging', 'next');
    const [, event] = await stream.events.take(2);
    expect(event?.id).toBe(await revisionOf('staging'));
    stream.close();
  });
});

test("flagd's event stream hears of every environment without a selector, and of one with it", async () => {
  const [all, one] = [inbox<unknown>(), inbox<unknown>()];
  const ending = new AbortController();
  for (const [events, headers] of [
    [all, {}],
    [one, { 'flagd-selector': 'staging' }],
  ] as const) {
    const read = async (): Promise<void> => {
      for await (const { type, data } of evaluation.eventStream({}, { headers, signal: ending.signal })) {
        events.put(type === 'configuration_change' ? data : type);
      }
    };
    read().catch(() => {
      // The test ends it.
    });
  }
  await Promise.all([all.take(1), one.take(1)]);
  await change('lab', 'other');
  await all.take(2);
  await change('staging', 'next');
  const told = (source: string): object => ({
    flags: { where: { type: 'update', source, flagKey: 'where' } },
  });
  expect(await all.take(3)).toEqual(['provider_ready', told('lab'), told('staging')]);
  expect(await one.take(2)).toEqual(['provider_ready', told('staging')]);
  await make('new', document('fresh', 'new'));
  await change('new', 'changed');
  expect((await all.take(4)).at(-1)).toEqual(told('new'));
  ending.abort();
});

test('the streams of an environment that is removed end, and new ones are refused', async () => {
  const streams = await Promise.all(
    ['/api/v1/environments/lab/stream', '/ofrep/v1/events?environment=lab'].map((path) =>
      followStream(`${served.url}${path}`),
    ),
  );
  const synced = sync.syncFlags({ selector: 'lab' })[Symbol.asyncIterator]();
  await synced.next();
  expect((await ask('DELETE', '/environments/lab', { headers: { 'if-match': '*' } })).status).toBe(204);
  await Promise.all(streams.map(({ ended }) => ended));
  await expect(synced.next()).rejects.toThrow('[not_found]');
  for (const path of ['/api/v1/environments/lab/stream', '/ofrep/v1/events?environment=lab']) {
    expect((await fetch(`${served.url}${path}`)).status).toBe(404);
  }
});

async function make(name: string, body: object): Promise<void> {
  expect((await ask('PUT', `/environments/${name}`, { body, headers: create })).status).toBe(201);
}

async function change(environment: string, value: string): Promise<void> {
  const answer = await ask('PUT', `/environments/${environment}/flags/where`, {
    body: flag(value),
    headers: { 'if-match': '*' },
  });
  expect(answer.status).toBe(200);
}

async function revisionOf(environment: string): Promise<string> {
  const { body } = await ask('GET', '/environments');
  const { environments } = body as { environments: { name: string; revision: string }[] };
  return environments.find(({ name }) => name === environment)?.revision ?? '';
}
