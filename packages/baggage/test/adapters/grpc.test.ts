import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
import { Metadata } from '@grpc/grpc-js';
import { connect } from 'node:http2';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hostileValues } from '../../../../test/support/hostile.ts';
import { connectEcho, serveEcho, type Echo, type EchoServer } from './grpc-echo.ts';
import { inRequest } from './in-request.ts';

const keys = ['lane', 'user-id'];
const kinds = ['unary', 'upload', 'download', 'talk'] as const;
const sightings = {
  unary: ['handler', 'later'],
  upload: ['handler', 'data', 'data', 'end'],
  download: ['handler', 'later'],
  talk: ['handler', 'data', 'data', 'end'],
};
const closing: { close(): void }[] = [];
let server: EchoServer;
let client: Echo;

beforeAll(async () => {
  server = await serveEcho([baggageServerInterceptor({ ingress: { mode: 'accept', keys } })]);
  client = connectEcho(`127.0.0.1:${server.port}`, [allowing(`grpc://127.0.0.1:${server.port}`)]);
});
afterAll(() => {
  client?.close();
  server?.close();
});
afterEach(() => {
  for (const one of closing.splice(0)) one.close();
});

describe.each(kinds)('a call (%s)', (kind) => {
  test('runs its handler and all of its callbacks in the lane of the request that made it', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? inRequest('lane=gray', () => client[kind]()) : client[kind](),
      ),
    );
    for (const [index, seen] of answers.entries()) {
      const lane = index % 2 === 0 ? 'gray' : 'baseline';
      expect(seen).toEqual(sightings[kind].map((place) => `${place} ${lane}`));
    }
  });

  test('leaves its metadata as it was, and says nothing of an earlier request when it is used again', async () => {
    const metadata = new Metadata();
    metadata.set('baggage', 'lane=stale');
    metadata.set('x-tenant', 'acme');
    const before = metadata.toJSON();
    expect((await inRequest('lane=gray', () => client[kind](metadata)))[0]).toBe('handler gray');
    expect((await client[kind](metadata))[0]).toBe('handler baseline');
    expect(metadata.toJSON()).toEqual(before);
  });

  test('carries nothing to a server that the policy does not name', async () => {
    const partner = remember(await serveEcho([]));
    const there = remember(connectEcho(`127.0.0.1:${partner.port}`, [allowing('grpc://payments:443')]));
    const metadata = new Metadata();
    metadata.set('baggage', 'lane=gray,user-id=ada');
    await inRequest('lane=gray,user-id=ada', () => there[kind](metadata));
    expect(await partner.received.take(1)).toEqual([[]]);
  });
});

test('a cancelled call is told so in its lane', async () => {
  await inRequest('lane=gray', () => client.cancelled());
  expect(await server.cancelled.take(1)).toEqual(['gray']);
});

test('only the keys that the server may see arrive, in one entry', async () => {
  const partner = remember(await serveEcho([]));
  const destination = `grpc://127.0.0.1:${partner.port}`;
  const there = remember(
    connectEcho(`127.0.0.1:${partner.port}`, [
      baggageClientInterceptor({ egress: { to: { [destination]: ['lane'] } } }),
    ]),
  );
  await inRequest('user-id=ada,lane=gray', () => there.unary());
  expect(await partner.received.take(1)).toEqual([['lane=gray']]);
});

describe('a channel whose target names no host', () => {
  const folder = mkdtempSync(`${tmpdir()}/graylane-grpc-`);
  const target = `unix:${folder}/socket`;
  afterAll(() => rmSync(folder, { recursive: true }));

  test('carries nothing, unless the interceptor is told where it leads', async () => {
    const local = remember(await serveEcho([], target));
    const egress = { to: { 'grpc://payments:443': ['lane'] } };
    const untold = remember(connectEcho(target, [baggageClientInterceptor({ egress })]));
    const told = remember(
      connectEcho(target, [baggageClientInterceptor({ egress, destination: 'grpc://payments:443' })]),
    );
    await inRequest('lane=gray', () => untold.unary());
    await inRequest('lane=gray', () => told.unary());
    expect(await local.received.take(2)).toEqual([[], ['lane=gray']]);
  });
});

describe('a server', () => {
  test('that strips runs handlers in no lane and hides the entry from them', async () => {
    const edge = remember(await serveEcho([baggageServerInterceptor({ ingress: { mode: 'strip' } })]));
    const stranger = remember(connectEcho(`127.0.0.1:${edge.port}`));
    const metadata = new Metadata();
    metadata.set('baggage', 'lane=gray');
    expect(await stranger.unary(metadata)).toEqual(['handler baseline', 'later baseline']);
    expect(await edge.received.take(1)).toEqual([[]]);
  });

  test('answers calls with hostile entries, in no lane', async () => {
    const session = connect(`http://127.0.0.1:${server.port}`);
    const sendable = hostileValues.filter((value) => /^[\t\u0020-\u007e\u0080-\u00ff]{0,8000}$/.test(value));
    expect(sendable.length).toBeGreaterThan(6);
    for (const baggage of [...sendable, sendable]) {
      expect(await rawCall(session, baggage)).toEqual(['handler baseline', 'later baseline']);
    }
    session.close();
  });
});

function allowing(destination: string): ReturnType<typeof baggageClientInterceptor> {
  return baggageClientInterceptor({ egress: { to: { [destination]: keys } } });
}

function remember<T extends { close(): void }>(one: T): T {
  closing.push(one);
  return one;
}

/** A unary call without a gRPC client, whose metadata nobody has checked. */
async function rawCall(session: ReturnType<typeof connect>, baggage: string | string[]): Promise<unknown> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/graylane.Echo/unary',
    'content-type': 'application/grpc',
    te: 'trailers',
    baggage,
  });
  const message = Buffer.from('"go"');
  stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
  const answer = Buffer.concat((await stream.toArray()) as Buffer[]);
  return JSON.parse(String(answer.subarray(5)));
}
