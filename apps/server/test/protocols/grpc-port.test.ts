import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectHttp1 } from 'node:net';
import { createClient, type Client, type Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Service as ServiceV1 } from '../../src/protocols/flagd/gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as ServiceV2 } from '../../src/protocols/flagd/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../../src/protocols/flagd/gen/flagd/sync/v1/sync_pb.ts';
import { admin } from '../support/admin.ts';
import { sendRequest, type Received } from '../support/send-request.ts';
import { fees, serveFolder, type Served } from '../support/serve.ts';

const large = { state: 'ENABLED', variants: { a: 'ä'.repeat(100_000) }, defaultVariant: 'a' };
const document = { metadata: { flagSetId: 'shop' }, flags: { fees, large } };

let served: Served;
let baseUrl: string;

beforeAll(async () => {
  served = await serveFolder(document, { allowOrigins: ['https://*.shop.example'] });
  baseUrl = `http://127.0.0.1:${served.grpcPort}`;
});
afterAll(() => served.close());

const forms = (['1.1', '2'] as const).flatMap((httpVersion) =>
  [false, true].flatMap((useBinaryFormat) => {
    const options = (): { baseUrl: string; httpVersion: '1.1' | '2'; useBinaryFormat: boolean } => ({
      baseUrl,
      httpVersion,
      useBinaryFormat,
    });
    const format = useBinaryFormat ? 'binary' : 'JSON';
    return [
      [`Connect over HTTP/${httpVersion} in ${format}`, () => createConnectTransport(options())],
      [`gRPC-Web over HTTP/${httpVersion} in ${format}`, () => createGrpcWebTransport(options())],
      ...(httpVersion === '2'
        ? [[`gRPC over HTTP/2 in ${format}`, () => createGrpcTransport(options())]]
        : []),
    ] as Array<[string, () => Transport]>;
  }),
);

describe.each(forms)('%s', (_name, transport) => {
  let v1: Client<typeof ServiceV1>;
  let v2: Client<typeof ServiceV2>;
  let sync: Client<typeof FlagSyncService>;

  beforeAll(() => {
    const shared = transport();
    [v1, v2] = [createClient(ServiceV1, shared), createClient(ServiceV2, shared)];
    sync = createClient(FlagSyncService, shared);
  });

  test('evaluates one flag and all of them', async () => {
    const context = { lane: 'gray' };
    expect(await v1.resolveBoolean({ flagKey: 'fees', context })).toMatchObject({ value: true });
    expect(await v2.resolveBoolean({ flagKey: 'fees', context })).toMatchObject({ value: true });
    expect(Object.keys((await v1.resolveAll({ context })).flags)).toEqual(['fees', 'large']);
    expect((await v2.resolveString({ flagKey: 'large' })).value).toBe(large.variants.a);
  });

  test('reports errors with their whole message', async () => {
    const headers = { 'graylane-environment': 'moon' };
    await expect(v2.resolveString({ flagKey: 'fees' }, { headers })).rejects.toThrow(
      '[failed_precondition] there is no environment "moon": use one of "default"',
    );
    await expect(first((signal) => sync.syncFlags({}, { headers, signal }))).rejects.toThrow(
      'there is no environment "moon"',
    );
    await expect(sync.fetchAllFlags({}, { headers })).rejects.toThrow('there is no environment "moon"');
    await expect(v1.resolveString({ flagKey: 'größe' })).rejects.toThrow('größe');
  });

  test('sends documents, at once and after a change', async () => {
    expect(JSON.parse((await sync.fetchAllFlags({})).flagConfiguration)).toEqual(document);
    const name = `env-${Math.random().toString(36).slice(2)}`;
    const ask = admin(served.url);
    await ask('PUT', `/environments/${name}`, { body: document, headers: created });
    const ending = new AbortController();
    const { signal } = ending;
    const stream = sync.syncFlags({ selector: name }, { signal })[Symbol.asyncIterator]();
    expect(JSON.parse(await nextDocument(stream))).toEqual(document);
    await ask('PUT', `/environments/${name}/flags/new`, { body: fees, headers: created });
    expect(JSON.parse(await nextDocument(stream))).toEqual({
      ...document,
      flags: { ...document.flags, new: fees },
    });
    ending.abort();
  });

  test('has an event stream, of an environment that is created later, too', async () => {
    const name = `later-${Math.random().toString(36).slice(2)}`;
    const [headers, ending] = [{ 'graylane-environment': name }, new AbortController()];
    const events = v2.eventStream({}, { headers, signal: ending.signal })[Symbol.asyncIterator]();
    expect(await events.next()).toMatchObject({ value: { type: 'provider_ready' } });
    await expect(v2.resolveString({ flagKey: 'fees' }, { headers })).rejects.toThrow(name);
    expect(served.logged.join('\n')).toContain(`there is no environment "${name}"`);
    const ask = admin(served.url);
    await ask('PUT', `/environments/${name}`, { body: document, headers: created });
    await ask('PUT', `/environments/${name}/flags/new`, { body: fees, headers: created });
    const change = { type: 'write', source: name, flagKey: 'new' };
    expect(await events.next()).toMatchObject({
      value: { type: 'configuration_change', data: { flags: { new: change } } },
    });
    ending.abort();
  });
});

describe('the gRPC port', () => {
  test('refuses gRPC over HTTP/1.1 and names the remedy', async () => {
    const response = await post('/flagd.evaluation.v2.Service/ResolveBoolean', {
      'content-type': 'application/grpc',
    });
    expect([response.status, response.body]).toEqual([505, expect.stringContaining('Connect or gRPC-Web')]);
  });

  test('responds to other methods with 405 and Allow, and to other paths with 404', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await send(method, '/flagd.evaluation.v2.Service/ResolveBoolean', {});
      expect([response.status, response.headers.allow]).toEqual([405, 'POST']);
    }
    expect((await send('GET', '/', {})).status).toBe(404);
    expect((await post('/flagd.evaluation.v2.Service/ResolveSet', json)).status).toBe(404);
    expect(
      (await post('/flagd.evaluation.v2.Service/ResolveBoolean', { 'content-type': 'text/css' })).status,
    ).toBe(415);
  });

  test('refuses a page that made its own name resolve to this machine, in the words of its protocol', async () => {
    const response = await post('/flagd.evaluation.v2.Service/ResolveBoolean', {
      ...json,
      host: 'evil.example',
    });
    expect([response.status, JSON.parse(response.body)]).toEqual([
      403,
      { code: 'permission_denied', message: expect.stringContaining('--allow-host') },
    ]);
  });

  test('lets pages of allowed origins evaluate, and not read definitions', async () => {
    const origin = 'https://a.b.shop.example';
    const preflight = { origin, 'access-control-request-method': 'POST' };
    const evaluation = '/flagd.evaluation.v2.Service/ResolveBoolean';
    const allowed = await send('OPTIONS', evaluation, preflight);
    expect([allowed.status, allowed.headers['access-control-allow-origin']]).toEqual([204, origin]);
    const response = await post(evaluation, { ...json, origin });
    expect([response.status, response.headers['access-control-allow-origin']]).toEqual([200, origin]);
    expect((await send('OPTIONS', '/flagd.sync.v1.FlagSyncService/FetchAllFlags', preflight)).status).toBe(
      405,
    );
    const stranger = { ...json, origin: 'https://evil.example' };
    expect((await post(evaluation, stranger)).status).toBe(403);
  });

  test('encodes status messages only as far as gRPC requires, since grpc-js decodes no more', async () => {
    const session = connectHttp2(baseUrl);
    try {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/flagd.evaluation.v2.Service/ResolveBoolean',
        'content-type': 'application/grpc',
        'graylane-environment': 'm:o/o&n %ö',
        te: 'trailers',
      });
      stream.end(Buffer.alloc(5));
      stream.resume();
      const [trailers] = (await once(stream, 'trailers')) as [IncomingHttpHeaders];
      expect(trailers['grpc-message']).toMatch(
        /^there is no environment "m:o\/o&n %25.*": use one of "default"/,
      );
    } finally {
      session.destroy();
    }
  });

  test.each(['99999999H', '99999999M'])('takes a deadline of %s for none', async (timeout) => {
    const session = connectHttp2(baseUrl);
    try {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/flagd.sync.v1.FlagSyncService/SyncFlags',
        'content-type': 'application/grpc',
        'grpc-timeout': timeout,
        te: 'trailers',
      });
      stream.end(Buffer.alloc(5));
      await once(stream, 'data');
      const ended = once(stream, 'trailers').then(() => 'ended');
      const silent = new Promise((resolve) => setTimeout(resolve, 200, 'open'));
      expect(await Promise.race([ended, silent])).toBe('open');
    } finally {
      session.destroy();
    }
  });

  test('serves HTTP/1.1 and HTTP/2 whose first bytes come one by one', async () => {
    const response = await new Promise<string>((resolve, reject) => {
      const [head, body] = ['POST /flagd.sync.v1.FlagSyncService/GetMetadata HTTP/1.1', '{}'];
      const text = `${head}\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n${body}`;
      const socket = connectHttp1(served.grpcPort);
      socket.on('error', reject);
      socket.on('data', (bytes: Buffer) => resolve(bytes.toString()));
      socket.setNoDelay(true);
      const letters = text.split('');
      const next = (): void => {
        const letter = letters.shift();
        if (letter !== undefined) socket.write(letter, () => setImmediate(next));
      };
      next();
    });
    expect(response).toMatch(/^HTTP\/1.1 200/);
  });
});

const created = { 'if-none-match': '*' };
const json = { 'content-type': 'application/json' };

async function post(path: string, headers: Record<string, string>): Promise<Received> {
  return send('POST', path, headers, '{"flagKey":"fees"}');
}

async function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body = '',
): Promise<Received> {
  return sendRequest({ port: served.grpcPort, method, path, headers, body });
}

async function nextDocument(stream: AsyncIterator<{ flagConfiguration: string }>): Promise<string> {
  const { value } = (await stream.next()) as { value: { flagConfiguration: string } };
  return value.flagConfiguration;
}

/** Without the signal, Connect's client would leave the stream open. */
async function first<T>(open: (signal: AbortSignal) => AsyncIterable<T>): Promise<T> {
  const ending = new AbortController();
  try {
    for await (const item of open(ending.signal)) return item;
    throw new Error('the stream ended without an item');
  } finally {
    ending.abort();
  }
}
