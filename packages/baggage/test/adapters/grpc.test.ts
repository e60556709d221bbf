import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
import { baggageCounts, getActiveCell, type IngressPolicy } from '@graylane/baggage';
import {
  InterceptingCall,
  Metadata,
  ServerInterceptingCall,
  type Interceptor,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { connect } from 'node:http2';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hostileValues } from '../../../../test/support/hostile.ts';
import { connectEcho, rawUnary, serveEcho, type Echo, type EchoServer } from './grpc-echo.ts';
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

  test('leaves its metadata unchanged, so that a second use carries nothing of an earlier request', async () => {
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

test('a stream that waits for its reader goes on in the lane of its call', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      index % 2 === 0 ? inRequest('lane=gray', () => client.flooded()) : client.flooded(),
    ),
  );
  for (const [index, seen] of answers.entries()) {
    const lane = index % 2 === 0 ? 'gray' : 'baseline';
    expect(seen).toEqual([`handler ${lane}`, `drain ${lane}`]);
  }
});

describe('a response', () => {
  test('an error reaches its callback in the lane of the caller, on a connection that another request opened', async () => {
    // The first calls wait for the connection.
    const fresh = remember(
      connectEcho(`127.0.0.1:${server.port}`, [allowing(`grpc://127.0.0.1:${server.port}`)]),
    );
    const failing = (_: unknown, index: number): Promise<string> =>
      index % 2 === 0 ? inRequest('lane=gray', () => fresh.failing()) : fresh.failing();
    const outcomes = await Promise.all(Array.from({ length: 20 }, failing));
    outcomes.push(...(await Promise.all(Array.from({ length: 20 }, failing))));
    expect(outcomes).toEqual(
      Array.from(
        { length: 40 },
        (_, index) => `FAILED_PRECONDITION ${index % 2 === 0 ? 'gray' : 'baseline'}`,
      ),
    );
  });

  test('a deadline that passes is reported to both ends in their lanes', async () => {
    const before = server.cancelled.all.length;
    expect(await client.late()).toBe('DEADLINE_EXCEEDED baseline');
    expect(await inRequest('lane=gray', () => client.late())).toBe('DEADLINE_EXCEEDED gray');
    expect((await server.cancelled.take(before + 2)).slice(before)).toEqual(['baseline', 'gray']);
  });

  test('every attempt of a call that the channel retries is in the lane', async () => {
    const retryPolicy = {
      maxAttempts: 4,
      initialBackoff: '0.01s',
      maxBackoff: '0.02s',
      backoffMultiplier: 1,
      retryableStatusCodes: ['UNAVAILABLE'],
    };
    const methodConfig = [{ name: [{ service: 'graylane.Echo' }], retryPolicy }];
    const retrying = remember(
      connectEcho(`127.0.0.1:${server.port}`, [allowing(`grpc://127.0.0.1:${server.port}`)], {
        'grpc.service_config': JSON.stringify({ methodConfig }),
      }),
    );
    const before = server.received.all.length;
    expect(await inRequest('lane=gray', () => retrying.retried())).toEqual(['handler gray', 'later gray']);
    expect(await retrying.retried()).toEqual(['handler baseline', 'later baseline']);
    expect(server.received.all.slice(before)).toEqual([
      ['lane=gray'],
      ['lane=gray'],
      ['lane=gray'],
      [],
      [],
      [],
    ]);
  });
});

test('a call that another interceptor holds back and starts from elsewhere is still in its lane', async () => {
  const queue: (() => void)[] = [];
  const holding: Interceptor = (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, listener, next) => queue.push(() => next(metadata, listener)),
    });
  const destination = `grpc://127.0.0.1:${server.port}`;
  const held = remember(connectEcho(`127.0.0.1:${server.port}`, [holding, allowing(destination)]));
  const answers = [inRequest('lane=gray', () => held.unary()), held.unary()];
  inRequest('lane=blue', () => queue.splice(0).forEach((start) => start()));
  expect((await Promise.all(answers)).map(([seen]) => seen)).toEqual(['handler gray', 'handler baseline']);
});

test('a dye that falls before the call starts is sent', async () => {
  const cell = inRequest('user-id=ada', () => getActiveCell());
  const seen = await inRequest('user-id=ada', () => {
    getActiveCell()?.dye('gray');
    return client.unary();
  });
  expect(seen[0]).toBe('handler gray');
  expect(cell?.lane).toBe('baseline');
});

test('services in one process have policies of their own, and a chain of them carries what each lets on', async () => {
  const last = remember(
    await serveEcho([baggageServerInterceptor({ ingress: { mode: 'accept', keys: ['user-id'] } })]),
  );
  const onward = remember(connectEcho(`127.0.0.1:${last.port}`, [allowing(`grpc://127.0.0.1:${last.port}`)]));
  await inRequest('lane=gray,user-id=ada', async () => {
    const [first, second] = await Promise.all([client.unary(), onward.unary()]);
    expect([first[0], second[0]]).toEqual(['handler gray', 'handler baseline']);
  });
  expect(last.received.all).toEqual([['user-id=ada']]);
});

test('a cancelled call is reported in its lane', async () => {
  const before = server.cancelled.all.length;
  await inRequest('lane=gray', () => client.cancelled());
  await client.cancelled();
  expect((await server.cancelled.take(before + 2)).slice(before)).toEqual(['gray', 'baseline']);
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

describe('an interceptor beside another one of ours', () => {
  const ours = (policy: IngressPolicy): ServerInterceptor => baggageServerInterceptor({ ingress: policy });
  const through: ServerInterceptor = (_method, call) => new ServerInterceptingCall(call);

  test.each(kinds)('sends the one entry, and a server that has two admits it once (%s)', async (kind) => {
    const accept = { mode: 'accept', keys } as const;
    const twice = remember(await serveEcho([ours(accept), through, ours(accept)]));
    const destination = `grpc://127.0.0.1:${twice.port}`;
    const there = remember(
      connectEcho(`127.0.0.1:${twice.port}`, [allowing(destination), allowing(destination)]),
    );
    const stripped = baggageCounts().stripped ?? 0;
    const seen = await inRequest('lane=gray,lane-seal=1.1.,user-id=ada', () => there[kind]());
    expect(seen).toEqual(sightings[kind].map((place) => `${place} gray`));
    // One hop in, one hop to the server.
    expect(await twice.received.take(1)).toEqual([['lane=gray,lane-seal=1.3.,user-id=ada']]);
    expect(baggageCounts().stripped ?? 0).toBe(stripped);
    await there[kind]();
    expect(await twice.received.take(2)).toEqual([['lane=gray,lane-seal=1.3.,user-id=ada'], []]);
  });

  test('uses the decision of the first one that a call passes, and not its own policy', async () => {
    const accept = { mode: 'accept', keys } as const;
    const strip = { mode: 'strip' } as const;
    const lanes = [];
    for (const interceptors of [
      [ours(accept), ours(strip)],
      [ours(strip), ours(accept)],
    ]) {
      const both = remember(await serveEcho(interceptors));
      const there = remember(
        connectEcho(`127.0.0.1:${both.port}`, [allowing(`grpc://127.0.0.1:${both.port}`)]),
      );
      lanes.push((await inRequest('lane=gray', () => there.unary()))[0]);
    }
    expect(lanes).toEqual(['handler gray', 'handler baseline']);
  });

  test('decides what is sent', async () => {
    const partner = remember(await serveEcho([]));
    const destination = `grpc://127.0.0.1:${partner.port}`;
    const told = allowing(destination);
    const untold = baggageClientInterceptor({ egress: { to: {} } });
    for (const interceptors of [
      [untold, told],
      [told, untold],
    ]) {
      const there = remember(connectEcho(`127.0.0.1:${partner.port}`, interceptors));
      await inRequest('lane=gray', () => there.unary());
    }
    expect(await partner.received.take(2)).toEqual([['lane=gray'], []]);
  });
});

describe('a channel whose target names no host', () => {
  const folder = mkdtempSync(`${tmpdir()}/graylane-grpc-`);
  const target = `unix:${folder}/socket`;
  afterAll(() => rmSync(folder, { recursive: true }));

  test('carries nothing, unless the interceptor has its destination', async () => {
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

  test('serves calls with hostile entries, in no lane', async () => {
    const session = connect(`http://127.0.0.1:${server.port}`);
    const sendable = hostileValues.filter((value) => /^[\t\u0020-\u007e\u0080-\u00ff]{0,8000}$/.test(value));
    expect(sendable.length).toBeGreaterThan(6);
    for (const baggage of [...sendable, sendable]) {
      expect(await rawUnary(session, baggage)).toEqual(['handler baseline', 'later baseline']);
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
