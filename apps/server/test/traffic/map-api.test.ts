import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeMap } from '../../src/traffic/map/describe-map.ts';
import { Traces } from '../../src/traffic/map/traces.ts';
import { sourceOf } from '../../src/signals/source.ts';
import type { SpanRecord } from '../../src/signals/span-record.ts';
import { admin } from '../support/admin.ts';
import { exporterTo, hex, type Exporter, type Span } from '../support/otlp.ts';
import { runCommand } from '../support/run-command.ts';
import { serve, type Served } from '../support/serve.ts';

let served: Served;
let call: ReturnType<typeof admin>;
let send: Exporter;
beforeEach(async () => {
  served = await serve({ flags: {} });
  call = admin(served.url);
  send = exporterTo(served.url);
});
afterEach(async () => served.close());

const http = { 'http.request.method': 'POST' };
const grpc = { 'rpc.system': 'grpc' };
const kafka = { 'messaging.system': 'kafka', 'messaging.destination.name': 'ledger' };

/** One request through the shop, with the lane that each service saw. */
async function request(
  trace: string,
  lanes: { gateway?: string; orders?: string; payments?: string; ledger?: string },
  more: { dyed?: boolean; instance?: string } = {},
): Promise<void> {
  const { gateway = 'gray', orders = gateway, payments = orders, ledger = payments } = lanes;
  const span = (id: string, members: Omit<Span, 'trace' | 'id'>): Span => ({
    trace,
    id: `${trace}-${id}`,
    ...members,
  });
  const at = Date.now();
  const pins = { 'graylane.pins': ['fees=on'] };
  await send.spans('gateway', [
    span('a', {
      kind: 'server',
      startMs: at,
      name: 'POST /buy',
      attributes: { ...http, lane: gateway, 'graylane.dyed': true },
    }),
    span('b', { kind: 'internal', parent: `${trace}-a`, attributes: { lane: gateway } }),
    span('c', {
      kind: 'client',
      startMs: at + 1,
      parent: `${trace}-b`,
      attributes: { ...http, lane: gateway },
    }),
  ]);
  await send.spans('orders', [
    span('d', {
      kind: 'server',
      startMs: at + 2,
      parent: `${trace}-c`,
      attributes: { ...http, lane: orders, ...pins, ...(more.dyed && { 'graylane.dyed': true }) },
    }),
    span('e', {
      kind: 'client',
      startMs: at + 3,
      parent: `${trace}-d`,
      attributes: { ...grpc, lane: orders },
    }),
    span('f', {
      kind: 'producer',
      startMs: at + 3,
      parent: `${trace}-d`,
      attributes: { ...kafka, lane: orders },
    }),
  ]);
  await send.spans(
    'payments',
    [
      span('g', {
        kind: 'server',
        startMs: at + 4,
        parent: `${trace}-e`,
        failed: true,
        attributes: { ...grpc, lane: payments },
      }),
    ],
    more.instance === undefined ? {} : { lane: more.instance },
  );
  await send.spans('ledger', [
    span('h', {
      kind: 'consumer',
      startMs: at + 5,
      parent: `${trace}-f`,
      attributes: { ...kafka, lane: ledger },
    }),
  ]);
}

const none = { escaped: 0, leaked: 0, fallback: 0 };

describe('the map', () => {
  test('is empty without spans', async () => {
    expect((await call('GET', 'map')).body).toEqual({ of: 0, services: [], edges: [], traces: [] });
  });

  test('has the services and the calls between them by lane and transport', async () => {
    await request('one', { gateway: 'gray' });
    await request('two', { gateway: 'baseline' });
    const { body } = await call('GET', 'map');
    const lanes = { gray: 1, baseline: 1 };
    const edge = { isExternal: false, calls: 2, lanes, ...none };
    expect(body).toMatchObject({
      of: 2,
      services: [
        { service: 'gateway', entries: 2, requests: 2, errors: 0, lanes },
        { service: 'orders', entries: 0, requests: 2 },
        { service: 'payments', entries: 0, requests: 2, errors: 2 },
        { service: 'ledger', entries: 0, requests: 2 },
      ],
      edges: [
        { from: 'gateway', to: 'orders', transport: 'http', errors: 0, ...edge },
        { from: 'orders', to: 'payments', transport: 'grpc', errors: 2, ...edge },
        { from: 'orders', to: 'ledger', transport: 'messaging', errors: 0, ...edge },
      ],
    });
  });

  test.each([
    ['escaped', { gateway: 'gray', orders: 'baseline' }, {}, 'gray'],
    ['leaked', { gateway: 'baseline', orders: 'gray' }, {}, 'gray'],
    ['escaped', { gateway: 'gray', orders: 'team-a' }, {}, 'gray'],
    ['fallback', { gateway: 'gray' }, { instance: 'baseline' }, 'gray'],
  ] as const)('marks calls that %s: %j', async (lapse, lanes, more, lane) => {
    await request('one', lanes, more);
    await request('two', { gateway: 'baseline' });
    const { body } = await call('GET', 'map');
    const edges = (body['edges'] as Array<Record<string, number>>).filter((edge) => (edge[lapse] ?? 0) > 0);
    expect(edges).toMatchObject([{ [lapse]: 1 }]);
    const listed = await call('GET', `map?lapse=${lapse}`);
    expect(listed.body['traces']).toMatchObject([{ traceId: hex('one', 32) }]);
    const { lanes: described } = (await call('GET', 'lanes')).body as {
      lanes: Array<Record<string, unknown>>;
    };
    expect(described.map((one) => one['lane'])).toEqual(['baseline', lane]);
    expect(described[1]).toMatchObject({ lane, [lapse]: 1 });
  });

  test('does not mark a request that a service has dyed itself, or that runs in its own lane', async () => {
    await request('one', { gateway: 'baseline', orders: 'gray' }, { dyed: true, instance: 'gray' });
    const { body } = await call('GET', 'map');
    for (const edge of body['edges'] as object[]) expect(edge).toMatchObject(none);
  });

  test('lists the newest traces hop by hop, with lanes and pins, and one by its id', async () => {
    await request('one', { gateway: 'gray', orders: 'baseline' });
    await request('two', { gateway: 'team-a' });
    const { body } = await call('GET', 'map?limit=1');
    expect(body['traces']).toMatchObject([{ traceId: hex('two', 32) }]);
    const one = await call('GET', `map?trace=${hex('one', 32)}`);
    expect(one.body).toMatchObject({
      of: 1,
      traces: [
        {
          hops: [
            {
              service: 'gateway',
              name: 'POST /buy',
              kind: 'server',
              lane: 'gray',
              dyed: true,
              pins: [],
              lapse: null,
            },
            { service: 'gateway', kind: 'client', lane: 'gray' },
            { service: 'orders', kind: 'server', lane: 'baseline', pins: ['fees=on'], lapse: 'escaped' },
            { service: 'orders', kind: 'client' },
            { service: 'orders', kind: 'producer' },
            { service: 'payments', failed: true, transport: 'grpc' },
            { service: 'ledger', kind: 'consumer', transport: 'messaging', lapse: null },
          ],
        },
      ],
    });
    expect((await call('GET', 'map?lane=team-a')).body['traces']).toHaveLength(1);
    expect((await call('GET', 'map?from=orders&to=ledger')).body['traces']).toHaveLength(2);
    expect((await call('GET', 'map?from=orders&to=gateway')).body['traces']).toHaveLength(0);
  });

  test.each([
    ['map?trace=nothing', 404, 'there is no trace'],
    ['map?lapse=lost', 400, 'use one of escaped, leaked, fallback'],
    ['map?limit=1000', 400, 'use a number from 0 to 100'],
    ['map?from=', 400, 'give it one value'],
  ])('%s: %i', async (path, expected, message) => {
    const { status, body } = await call('GET', path);
    expect([status, body['detail']]).toEqual([expected, expect.stringContaining(message)]);
  });

  test('is printed by graylane-server map, as is one trace', async () => {
    expect((await runCommand(served.url, ['map'])).output).toContain('no traces: let services export spans');
    await request('one', { gateway: 'gray', orders: 'baseline' });
    const { code, output } = await runCommand(served.url, ['map']);
    expect(output).toMatch(/^gateway +orders +http +1 +baseline 1 +1 escaped$/m);
    expect(output).toMatch(/^\(outside\) +gateway +1 +gray 1$/m);
    expect(code).toBe(0);
    const trace = await runCommand(served.url, ['map', hex('one', 32)]);
    expect(trace.output).toMatch(/^gateway +server +POST \/buy +0\.100 s +gray \(dyed here\)$/m);
    expect(trace.output).toMatch(/^orders +server .* baseline +fees=on +escaped$/m);
  });
});

describe('the traces that are kept', () => {
  const span = (traceId: string, members: Partial<SpanRecord>): SpanRecord => ({
    source: sourceOf(new Map([['service.name', 'gateway']]), ''),
    traceId,
    spanId: 'a',
    parentSpanId: undefined,
    name: 'x',
    kind: 'server',
    startMs: 0,
    endMs: 1,
    attributes: new Map(),
    failed: false,
    statusMessage: undefined,
    ...members,
  });
  const receive = (traces: Traces, spans: readonly SpanRecord[], receivedAt = 0): void =>
    traces.receive({ environment: 'default', receivedAt, spans });

  test('are bounded in number and in spans, and the newest stay', () => {
    const traces = new Traces();
    for (let n = 0; n < 1500; n += 1) receive(traces, [span(`trace-${n}`, {})]);
    receive(traces, [span('trace-600', {})]);
    receive(
      traces,
      Array.from({ length: 300 }, () => span('large', {})),
    );
    expect(traces.newest).toHaveLength(1000);
    expect([traces.get('trace-600')?.hops.length, traces.get('trace-500')]).toEqual([2, undefined]);
    expect(traces.newest[0]).toMatchObject({ traceId: 'large' });
    expect(traces.get('large')?.hops).toHaveLength(200);
  });

  test('are bounded in the spans of all of them together', () => {
    const traces = new Traces();
    for (let n = 0; n < 400; n += 1) {
      receive(
        traces,
        Array.from({ length: 200 }, () => span(`trace-${n}`, {})),
      );
    }
    expect(traces.newest).toHaveLength(250);
    expect(traces.newest.at(-1)).toMatchObject({ traceId: 'trace-150' });
  });

  test('have an external call once no callee has reported for ten seconds', () => {
    const traces = new Traces();
    const attributes = new Map([
      ['server.address', 'api.stripe.com'],
      ['http.request.method', 'GET'],
    ]);
    const client = { kind: 'client', attributes } as const;
    receive(traces, [
      span('one', {}),
      span('one', { ...client, spanId: 'b', parentSpanId: 'a' }),
      // The instrumentation of an inner layer records the same call.
      span('one', { ...client, spanId: 'c', parentSpanId: 'b' }),
    ]);
    expect(describeMap(traces.newest, 9_999).edges).toEqual([]);
    expect(describeMap(traces.newest, 10_000).edges).toEqual([
      expect.objectContaining({
        from: 'gateway',
        to: 'api.stripe.com',
        isExternal: true,
        calls: 1,
        transport: 'http',
      }),
    ]);
  });
});
