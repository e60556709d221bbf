import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendOfrepError } from '../../src/protocols/ofrep/errors.ts';
import { RequestError } from '../../src/model/request-error.ts';
import { Service } from '../../src/protocols/flagd/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { fees, serve, type Served } from '../support/serve.ts';

let served: Served;

beforeAll(async () => {
  served = await serve({
    metadata: { flagSetId: 'shop' },
    flags: {
      fees,
      colour: { state: 'ENABLED', variants: { red: 'red' }, defaultVariant: 'red' },
      off: { state: 'DISABLED', variants: { on: true }, defaultVariant: 'on' },
      open: { state: 'ENABLED', variants: { on: true }, defaultVariant: null },
      broken: { state: 'ENABLED', variants: { on: true }, targeting: { iff: [] } },
    },
  });
});
afterAll(() => served.close());

describe('one flag', () => {
  test.each([
    ['fees', { lane: 'gray' }, 200, { value: true, variant: 'on', reason: 'TARGETING_MATCH' }],
    ['fees', {}, 200, { value: false, variant: 'off', reason: 'DEFAULT' }],
    ['colour', {}, 200, { value: 'red', variant: 'red', reason: 'STATIC' }],
    ['off', {}, 200, { reason: 'DISABLED' }],
    ['open', {}, 200, { reason: 'DEFAULT' }],
    ['nobody', {}, 404, { errorCode: 'FLAG_NOT_FOUND', errorDetails: expect.any(String) }],
    ['broken', {}, 400, { errorCode: 'PARSE_ERROR', errorDetails: expect.any(String) }],
  ])('%s in %j has the status %i', async (key, context, status, answer) => {
    const response = await post(`/evaluate/flags/${key}`, { context });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ key, ...answer, metadata: { flagSetId: 'shop' } });
  });

  test.each(['{', '[]', '"x"', '{"context": []}', '{"context": "x"}', '{"context": null}'])(
    'with the body %s is an error with a code',
    async (body) => {
      const response = await fetch(`${served.url}/ofrep/v1/evaluate/flags/fees`, { method: 'POST', body });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        errorCode: expect.stringMatching(/PARSE_ERROR|INVALID_CONTEXT/),
      });
    },
  );
});

describe('all flags', () => {
  test('are returned with their metadata, errors and disabled ones included', async () => {
    const response = await post('/evaluate/flags', { context: { lane: 'gray' } });
    const { flags } = (await response.json()) as { flags: { key: string }[] };
    expect(flags.map(({ key }) => key)).toEqual(['fees', 'colour', 'off', 'open', 'broken']);
    expect(flags.at(-1)).toMatchObject({ errorCode: 'PARSE_ERROR' });
  });

  test('are not sent again where neither the rules nor the context changed', async () => {
    const first = await post('/evaluate/flags', { context: { lane: 'gray' } });
    const etag = first.headers.get('etag') ?? '';
    const again = await post('/evaluate/flags', { context: { lane: 'gray' } }, { 'if-none-match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const other = await post('/evaluate/flags', { context: { lane: 'baseline' } }, { 'if-none-match': etag });
    expect(other.status).toBe(200);
    const weak = await post(
      '/evaluate/flags',
      { context: { lane: 'gray' } },
      { 'if-none-match': `W/${etag}` },
    );
    expect(weak.status).toBe(304);
  });
});

describe('an evaluation request', () => {
  test.each([
    ['too large', JSON.stringify({ context: { text: 'x'.repeat(300_000) } }), {}, 413],
    ['nested too deep', `{"context":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`, {}, 400],
    ['nested too deep, behind brackets in a text', `{"a":"]]]\\"]]]","b":${'['.repeat(101)}`, {}, 400],
    ['XML', '<context/>', { 'content-type': 'application/xml' }, 415],
    ['JSON in UTF-16', '{}', { 'content-type': 'application/json; charset=utf-16' }, 415],
    ['packed in an unknown way', '{}', { 'content-encoding': 'zip' }, 415],
  ])('that is %s is refused in the shape of OFREP', async (_case, body, headers, status) => {
    for (const [path, key] of [
      ['/evaluate/flags/gr%C3%BCn', { key: 'grün' }],
      ['/evaluate/flags', {}],
    ] as const) {
      const answer = await fetch(`${served.url}/ofrep/v1${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
      expect(answer.status).toBe(status);
      expect(await answer.json()).toEqual({ ...key, errorCode: 'GENERAL', errorDetails: expect.any(String) });
    }
  });

  test('that nests as deep as a rule may look is served', async () => {
    const deep = `${'{"a":'.repeat(98)}1${'}'.repeat(98)}`;
    const body = `{"context":{"lane":"gray","deep":${deep}}}`;
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${served.url}/ofrep/v1/evaluate/flags/fees`, {
      method: 'POST',
      headers,
      body,
    });
    expect(await answer.json()).toMatchObject({ value: true });
  });

  test('without a content type is served, and so is one without a body', async () => {
    const { port } = new URL(served.url);
    const ask = async (body = ''): Promise<unknown> => {
      const options = { port, method: 'POST', path: '/ofrep/v1/evaluate/flags/fees', agent: false };
      const asked = request(options).end(body);
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      return json(answer);
    };
    expect(await ask('{"context":{"lane":"gray"}}')).toMatchObject({ value: true });
    expect(await ask()).toMatchObject({ value: false });
  });

  test('with its whole URL as the target, as proxies send it, is served', async () => {
    const { port } = new URL(served.url);
    const path = 'http://localhost/ofrep/v1/evaluate/flags/colour';
    const asked = request({ port, method: 'POST', path, agent: false }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect(await json(answer)).toMatchObject({ value: 'red' });
  });

  test('for a flag whose key can not be decoded is refused with the key as it came', async () => {
    const answer = await post('/evaluate/flags/%ff', { context: {} });
    expect([answer.status, await answer.json()]).toMatchObject([400, { key: '%ff', errorCode: 'GENERAL' }]);
  });

  test('about an environment that is not there, is refused with the names of those that are', async () => {
    const answer = await post('/evaluate/flags/fees', { context: {} }, { 'graylane-environment': 'moon' });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      {
        key: 'fees',
        errorCode: 'GENERAL',
        errorDetails: 'there is no environment "moon": use one of "default"',
      },
    ]);
    const named = { 'graylane-environment': 'default' };
    expect((await post('/evaluate/flags/fees', { context: {} }, named)).status).toBe(200);
  });
});

test('a refetch that names known rules gets the newest ones', async () => {
  const query = '?flagConfigEtag=unheard.1&flagConfigLastModified=1771622898';
  const first = await post(`/evaluate/flags${query}`, { context: {} });
  expect(first.status).toBe(200);
  const etag = first.headers.get('etag') ?? '';
  expect((await post(`/evaluate/flags${query}`, { context: {} }, { 'if-none-match': etag })).status).toBe(
    304,
  );
});

describe('an error', () => {
  test.each([
    [new RequestError('unauthenticated', 'no token'), 401, ''],
    [new RequestError('forbidden', 'not yours'), 403, ''],
    [new Error('secret'), 500, '{"errorDetails":"the server failed: see its log"}'],
  ])('%s has no more members than OFREP allows', async (error, status, body) => {
    const logged: string[] = [];
    const log = { info: () => {}, warn: (text: string) => logged.push(text) };
    const server = createServer((_request, response) => sendOfrepError(error, undefined, response, log));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/evaluate/flags`);
    server.close();
    expect([answer.status, await answer.text()]).toEqual([status, body]);
    expect(logged.join('').includes('secret')).toBe(status === 500);
  });
});

describe('a rate limit', () => {
  test('admits the requests of one second, and names the time of the next one', async () => {
    const limited = await serve({ flags: { fees } }, { rateLimit: 3 });
    try {
      const ask = (): Promise<Response> =>
        fetch(`${limited.url}/ofrep/v1/evaluate/flags`, { method: 'POST' });
      const answers = await Promise.all(Array.from({ length: 10 }, ask));
      const refused = answers.filter(({ status }) => status === 429);
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(3);
      expect(refused.length).toBeGreaterThan(0);
      for (const { headers } of refused) expect(headers.get('retry-after')).toBe('1');
      await expect.poll(async () => (await ask()).status).toBe(200);
    } finally {
      await limited.close();
    }
  });

  test('counts clients behind a trusted proxy one by one, and believes no other sender', async () => {
    const behind = (trustProxies: string[]) => serve({ flags: { fees } }, { rateLimit: 2, trustProxies });
    for (const [proxies, others] of [
      [['127.0.0.0/8'], 200],
      [['10.0.0.0/8'], 429],
      [[], 429],
    ] as const) {
      const limited = await behind([...proxies]);
      const statusOf = async (forwarded: string): Promise<number> => {
        const headers = { 'x-forwarded-for': forwarded };
        const url = `${limited.url}/ofrep/v1/evaluate/flags/fees`;
        return (await fetch(url, { method: 'POST', headers })).status;
      };
      try {
        const first = [];
        for (let count = 0; count < 10; count += 1) first.push(await statusOf('spoofed, 203.0.113.1'));
        expect(first).toContain(429);
        expect([proxies, await statusOf('203.0.113.2')]).toEqual([proxies, others]);
      } finally {
        await limited.close();
      }
    }
  });

  test('counts evaluations by gRPC with those by OFREP, and no streams', async () => {
    const limited = await serve({ flags: { fees } }, { rateLimit: 2 });
    const baseUrl = `http://127.0.0.1:${limited.grpcPort}`;
    const client = createClient(Service, createGrpcTransport({ baseUrl }));
    try {
      const statuses = [];
      for (let count = 0; count < 10; count += 1) {
        const { status } = await fetch(`${limited.url}/ofrep/v1/evaluate/flags/fees`, { method: 'POST' });
        statuses.push(status);
      }
      expect(statuses).toContain(429);
      const calls = Array.from({ length: 5 }, async () => client.resolveBoolean({ flagKey: 'fees' }));
      const refused = (await Promise.allSettled(calls)).find(({ status }) => status === 'rejected');
      expect(String((refused as PromiseRejectedResult).reason)).toContain('[resource_exhausted]');
      for (let count = 0; count < 5; count += 1) {
        const ending = new AbortController();
        const stream = await fetch(`${limited.url}/ofrep/v1/events`, { signal: ending.signal });
        expect(stream.status).toBe(200);
        ending.abort();
      }
    } finally {
      await limited.close();
    }
  });
});

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${served.url}/ofrep/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}
