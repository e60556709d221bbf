import { setCallListener } from '@graylane/baggage';
import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../../test/support/shop.ts';
import { connectEcho, serveEcho, type Echo, type EchoServer } from './grpc-echo.ts';
import { inRequest } from './in-request.ts';
import { byLane, recordCalls, type RecordedCalls } from './recorded-calls.ts';

const keys = ['lane'];
let server: EchoServer;
let client: Echo;
let recorded: () => Promise<readonly RecordedCalls[]>;

beforeAll(async () => {
  // Two of each: adapters nest, and a call is one call.
  const admits = baggageServerInterceptor({ ingress: { mode: 'accept', keys } });
  server = await serveEcho([admits, admits]);
  const target = `127.0.0.1:${server.port}`;
  const sends = baggageClientInterceptor({ egress: { to: { [`grpc://${target}`]: keys } } });
  client = connectEcho(target, [sends, sends], {
    'grpc.service_config': JSON.stringify({
      methodConfig: [
        {
          name: [{ service: 'graylane.Echo' }],
          retryPolicy: {
            maxAttempts: 3,
            initialBackoff: '0.01s',
            maxBackoff: '0.01s',
            backoffMultiplier: 1,
            retryableStatusCodes: ['UNAVAILABLE'],
          },
        },
      ],
    }),
  });
});
afterAll(() => {
  client.close();
  server.close();
});
beforeEach(() => (recorded = recordCalls()));
afterEach(() => setCallListener(undefined));

async function of(kind: string): Promise<readonly RecordedCalls[]> {
  return (await recorded()).filter((call) => call.kind === kind);
}

describe('gRPC calls', () => {
  test('are recorded once on each side, for the lane of their own request over one connection', async () => {
    const calls = Array.from({ length: 60 }, async (_, index) => {
      const lane = ['gray', 'team-a', 'team-b'][index % 3];
      return inRequest(index % 2 === 0 ? '' : `lane=${lane}`, () => client.unary());
    });
    await Promise.all(calls);
    const lanes = { baseline: 30, gray: 10, 'team-a': 10, 'team-b': 10 };
    await eventually(async () => {
      expect(byLane(await of('rpc.client.call'))).toEqual(lanes);
      expect(byLane(await of('rpc.server.call'))).toEqual(lanes);
    });
  });

  test('show method, status and server', async () => {
    await inRequest('lane=gray', () => client.unary());
    const call = {
      'rpc.system.name': 'grpc',
      'rpc.method': 'graylane.Echo/unary',
      'rpc.response.status_code': 'OK',
      lane: 'gray',
      count: 1,
    };
    await eventually(async () => {
      expect(await of('rpc.server.call')).toEqual([{ ...call, kind: 'rpc.server.call' }]);
      expect(await of('rpc.client.call')).toEqual([
        { ...call, kind: 'rpc.client.call', 'server.address': '127.0.0.1', 'server.port': server.port },
      ]);
    });
  });

  test.each(['upload', 'download', 'talk'] as const)(
    'are recorded once when the stream ends: %s',
    async (kind) => {
      await inRequest('lane=gray', () => client[kind]());
      await eventually(async () => {
        expect(byLane(await of('rpc.client.call'))).toEqual({ gray: 1 });
        expect(byLane(await of('rpc.server.call'))).toEqual({ gray: 1 });
      });
    },
  );

  test('a status that is the fault of the caller is no error of the server', async () => {
    await inRequest('lane=gray', () => client.failing());
    await eventually(async () => {
      expect(await ends('rpc.client.call')).toEqual([
        ['FAILED_PRECONDITION', 'FAILED_PRECONDITION', 'gray', 1],
      ]);
      expect(await ends('rpc.server.call')).toEqual([['FAILED_PRECONDITION', undefined, 'gray', 1]]);
    });
  });

  test('a call past its deadline, and one that is cancelled, are recorded once', async () => {
    await inRequest('lane=gray', () => client.late());
    await inRequest('lane=team-a', () => client.cancelled());
    await eventually(async () => {
      expect(await ends('rpc.client.call')).toEqual([
        ['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'gray', 1],
        ['CANCELLED', 'CANCELLED', 'team-a', 1],
      ]);
      expect((await of('rpc.server.call')).map(({ lane, count }) => [lane, count])).toEqual([
        ['gray', 1],
        ['team-a', 1],
      ]);
    });
  });

  test('retries of the channel are one call of the client, and each one of the server', async () => {
    await inRequest('lane=gray', () => client.retried());
    await eventually(async () => {
      expect(byLane(await of('rpc.client.call'))).toEqual({ gray: 1 });
      expect(byLane(await of('rpc.server.call'))).toEqual({ gray: 3 });
    });
  });
});

async function ends(kind: string): Promise<unknown[]> {
  return (await of(kind)).map((call) => [
    call['rpc.response.status_code'],
    call['error.type'],
    call.lane,
    call.count,
  ]);
}
