import { once } from 'node:events';
import { request as openRequest, type ClientRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeMetrics } from '../../src/protocols/otlp/decode-metrics.ts';
import type { Encoding } from '../../src/protocols/otlp/encoding.ts';
import { StatusSchema } from '../../src/protocols/otlp/gen/graylane/otlp/v1/common_pb.ts';
import {
  ExportMetricsServiceRequestSchema,
  ExportMetricsServiceResponseSchema,
} from '../../src/protocols/otlp/gen/graylane/otlp/v1/metrics_pb.ts';
import { jsonEncoding } from '../../src/protocols/otlp/json-encoding.ts';
import { protobufEncoding } from '../../src/protocols/otlp/protobuf-encoding.ts';
import type { TimeSlices } from '../../src/time-slices.ts';
import { startReceiver, type Receiver } from '../support/receive.ts';
import { serve } from '../support/serve.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver({ maxBodyBytes: 10_000, maxHeldBytes: 25_000 });
});
afterEach(async () => receiver.close());

const json = { 'content-type': 'application/json' };
const protobuf = { 'content-type': 'application/x-protobuf' };

async function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = json,
): Promise<{ status: number; headers: Headers; body: Buffer }> {
  const response = await fetch(`${receiver.url}${path}`, { method: 'POST', headers, body });
  return {
    status: response.status,
    headers: response.headers,
    body: Buffer.from(await response.arrayBuffer()),
  };
}

/** An export as the Collector writes it: 64-bit numbers are strings. */
function metric(members: object, name = 'latency'): string {
  return JSON.stringify({
    resourceMetrics: [
      {
        schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
        scopeMetrics: [{ metrics: [{ name, description: 'x', unit: 's', ...members }] }],
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'payments' } }] },
      },
    ],
  });
}

const times = { startTimeUnixNano: '1700000000000000000', timeUnixNano: '1700000015123456789' };

function histogram(...points: object[]): object {
  return {
    histogram: { aggregationTemporality: 2, dataPoints: points.map((one) => ({ ...times, ...one })) },
  };
}

function sum(...points: object[]): object {
  const dataPoints = points.map((one) => ({ ...times, ...one }));
  return { sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints } };
}

const fine = { count: '3', sum: 1.5, bucketCounts: ['1', '2'], explicitBounds: [0.5] };

describe('the JSON of the Collector', () => {
  test('has 64-bit numbers as strings, and the resource behind its metrics', async () => {
    const attributes = [
      { key: 'lane', value: { stringValue: 'gray' } },
      { key: 'n', value: { intValue: '7' } },
      { key: 'map', value: { kvlistValue: { values: [] } } },
      { key: '__proto__', value: { boolValue: true } },
    ];
    const { status, body } = await post('/v1/metrics', metric(histogram({ ...fine, attributes })));
    expect([status, body.toString()]).toEqual([200, '{}']);
    expect(receiver.points()).toMatchObject([
      {
        source: { service: 'payments', instance: undefined, scope: '' },
        name: 'latency',
        startMs: 1_700_000_000_000,
        attributes: new Map<string, unknown>([
          ['lane', 'gray'],
          ['n', 7],
          ['__proto__', true],
        ]),
        data: { kind: 'histogram', temporality: 'cumulative', count: 3, counts: [1, 2], bounds: [0.5] },
      },
    ]);
    expect(receiver.points()[0]?.timeMs).toBeCloseTo(1_700_000_015_123.457, 3);
  });

  test('may have no metrics', async () => {
    const empty = [`{"resourceMetrics":null}`, '{}', ' { } ', '{"resourceMetrics":[]}'];
    for (const body of empty) expect((await post('/v1/metrics', body)).status).toBe(200);
    expect(receiver.points()).toEqual([]);
  });
});

describe('an export of which parts are faulty', () => {
  const faults: ReadonlyArray<readonly [string, object, string]> = [
    ['a negative sum', sum({ asDouble: -1 }), 'less than 0'],
    ['a sum without a value', sum({}), 'its value is NaN'],
    ['a sum that is not a number', sum({ asDouble: 'NaN' }), 'its value is NaN'],
    ['no time', sum({ asInt: 1, timeUnixNano: 0 }), 'a point has no time'],
    ['no temporality', { sum: { dataPoints: [{ ...times, asInt: 1 }] } }, 'neither delta nor cumulative'],
    ['too few buckets', histogram({ ...fine, bucketCounts: [3] }), 'send one more than bounds'],
    ['buckets of other requests', histogram({ ...fine, count: 4 }), 'add up to 3, and its count is 4'],
    [
      'bounds out of order',
      histogram({ count: 0, bucketCounts: [0, 0, 0], explicitBounds: [2, 1] }),
      'ascend',
    ],
    ['a bound that is NaN', histogram({ ...fine, explicitBounds: ['NaN'] }), 'ascend'],
    ['a summary', { summary: { dataPoints: [{ ...times, count: 1 }] } }, 'export a histogram'],
    [
      'an absurd scale',
      { exponentialHistogram: { aggregationTemporality: 1, dataPoints: [{ ...times, scale: 99 }] } },
      'its scale is 99',
    ],
  ];
  test.each(faults)('%s: the rest is kept, and the response names it', async (_fault, members, reason) => {
    const faulty = JSON.parse(metric(members, 'faulty')) as { resourceMetrics: unknown[] };
    const good = JSON.parse(metric(sum({ asInt: 1 }), 'good')) as typeof faulty;
    const request = { resourceMetrics: [...faulty.resourceMetrics, ...good.resourceMetrics] };
    const { status, body } = await post('/v1/metrics', JSON.stringify(request));
    expect([status, JSON.parse(body.toString())]).toEqual([
      200,
      {
        partialSuccess: {
          rejectedDataPoints: '1',
          errorMessage: expect.stringMatching(`faulty: .*${reason}`),
        },
      },
    ]);
    expect(receiver.points().map(({ name }) => name)).toEqual(['good']);
  });

  test('points without a recorded value are left out', async () => {
    const { body } = await post('/v1/metrics', metric(sum({ flags: 1 }, { asInt: 2 })));
    expect(body.toString()).toBe('{}');
    expect(receiver.points()).toHaveLength(1);
  });

  test('spans with faulty ids are counted', async () => {
    const span = { name: 'a', kind: 2, startTimeUnixNano: '1', endTimeUnixNano: '2' };
    const ids = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) };
    const spans = [span, { ...span, ...ids }, { ...span, ...ids, spanId: 'cd' }];
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const response = await post('/v1/traces', body);
    expect(JSON.parse(response.body.toString())).toMatchObject({ partialSuccess: { rejectedSpans: '2' } });
    expect(receiver.allSpans()).toMatchObject([{ ...ids, kind: 'server' }]);
  });

  test('the response is protobuf where the request is', async () => {
    const request = create(ExportMetricsServiceRequestSchema, {
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [{ name: 'a', data: { case: 'sum', value: { dataPoints: [{ timeUnixNano: 1n }] } } }],
            },
          ],
        },
      ],
    });
    const bytes = Buffer.from(toBinary(ExportMetricsServiceRequestSchema, request));
    const { status, headers, body } = await post('/v1/metrics', bytes, protobuf);
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-protobuf']);
    const { partialSuccess } = fromBinary(ExportMetricsServiceResponseSchema, body);
    expect(partialSuccess?.rejectedDataPoints).toBe(1n);
  });
});

describe('an export that is refused', () => {
  const deep = `{"resourceMetrics":[{"resource":{"attributes":${'['.repeat(2000)}${']'.repeat(2000)}}}]}`;
  const refused: ReadonlyArray<
    readonly [string, number, string | Uint8Array<ArrayBuffer>, Record<string, string>]
  > = [
    ['bytes that are not JSON', 400, '{"resourceMetrics":[', json],
    ['an array', 400, '[]', json],
    ['a string for a list', 400, '{"resourceMetrics":"x"}', json],
    ['an object for a list', 400, '{"resourceMetrics":{}}', json],
    ['a list that nests deeply', 400, deep, json],
    ['a negative count', 400, metric(histogram({ ...fine, count: -3 })), json],
    ['half a count', 400, metric(histogram({ ...fine, count: 1.5 })), json],
    ['a string for a bound', 400, metric(histogram({ ...fine, explicitBounds: ['x'] })), json],
    ['JSON as protobuf', 400, metric(sum({ asInt: 1 })), protobuf],
    ['protobuf that is cut off', 400, Buffer.from([0x0a, 0x20, 0x12]), protobuf],
    ['a number for a list of protobuf', 400, Buffer.from([0x08, 0x01]), protobuf],
    ['gzip that is none', 400, '{}', { ...json, 'content-encoding': 'gzip' }],
    ['gzip that is cut off', 400, gzipSync('{}').subarray(0, 15), { ...json, 'content-encoding': 'gzip' }],
    ['a large body', 413, ' '.repeat(10_001), json],
    [
      'a body that unpacks to a large one',
      413,
      gzipSync(' '.repeat(1e7)),
      { ...json, 'content-encoding': 'gzip' },
    ],
    ['another type', 415, 'a=1', { 'content-type': 'text/plain' }],
    ['another compression', 415, '{}', { ...json, 'content-encoding': 'zstd' }],
    ['an unknown environment', 404, '{}', { ...json, 'graylane-environment': 'nowhere' }],
  ];
  test.each(refused)('%s: %i, in the form that exporters read', async (_what, expected, body, headers) => {
    const response = await post('/v1/metrics', body, headers);
    const isProtobuf = headers['content-type'] === 'application/x-protobuf';
    const { code, message } = isProtobuf
      ? fromBinary(StatusSchema, response.body)
      : (JSON.parse(response.body.toString()) as { code: number; message: string });
    expect([response.status, code > 0, message.length > 10]).toEqual([expected, true, true]);
    expect(response.headers.get('content-type')).toBe(
      isProtobuf ? 'application/x-protobuf' : 'application/json',
    );
    expect(receiver.metrics).toEqual([]);
    expect((await post('/v1/metrics', metric(sum({ asInt: 1 })))).status).toBe(200);
  });

  test('delivers nothing of an export whose last part is malformed', async () => {
    const good = JSON.parse(metric(sum({ asInt: 1 }))) as { resourceMetrics: unknown[] };
    const request = { resourceMetrics: [...good.resourceMetrics, { scopeMetrics: 'x' }] };
    expect((await post('/v1/metrics', JSON.stringify(request))).status).toBe(400);
    expect(receiver.metrics).toEqual([]);
  });

  test('logs are refused with the remedy', async () => {
    const response = await post('/v1/logs', '{"resourceLogs":[]}');
    expect([response.status, JSON.parse(response.body.toString())]).toEqual([
      404,
      { code: 5, message: expect.stringContaining('set OTEL_LOGS_EXPORTER=none') },
    ]);
  });

  test('other methods are refused', async () => {
    const response = await fetch(`${receiver.url}/v1/traces`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('while other exports fill the memory: 429 with Retry-After, and 200 when they are gone', async () => {
    const open: ClientRequest[] = [];
    const busy = async (): Promise<boolean> =>
      (await post('/v1/metrics', metric(sum({ asInt: 1 })))).status === 429;
    for (let n = 0; n < 3; n += 1) {
      const request = openRequest(`${receiver.url}/v1/metrics`, { method: 'POST', headers: json });
      request.on('error', () => {});
      open.push(request);
      request.write(' '.repeat(8300));
      await once(request, 'socket');
    }
    await expect.poll(busy).toBe(true);
    const response = await post('/v1/metrics', metric(sum({ asInt: 1 })));
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(JSON.parse(response.body.toString())).toMatchObject({ code: 8 });
    for (const request of open) request.destroy();
    await expect.poll(busy).toBe(false);
  });

  test('by the front door has the form of OTLP, too', async () => {
    const server = await serve({ flags: {} });
    const { port } = new URL(server.url);
    const request = openRequest({
      port,
      path: '/v1/traces',
      method: 'POST',
      headers: { host: 'evil.example', ...json },
    });
    request.end('{}');
    const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
    const [body] = (await once(response, 'data')) as [Buffer];
    expect(response.statusCode).toBe(421);
    expect(JSON.parse(body.toString())).toMatchObject({ code: 9, message: expect.stringContaining('evil') });
    await server.close();
  });
});

describe.each([
  ['JSON', jsonEncoding],
  ['protobuf', protobufEncoding],
] as const)('%s', (_name, encoding) => {
  test('is decoded a point at a time, so that other work comes in between', async () => {
    const body = encode(encoding, 500);
    let turns = 0;
    const always = { over: true, next: async () => void (turns += 1) } as unknown as TimeSlices;
    const { points } = await decodeMetrics(body, encoding, always);
    expect(points).toHaveLength(500);
    expect(turns).toBeGreaterThanOrEqual(500);
  });

  test('of any bytes is accepted or refused, and never a fault of the server', async () => {
    const body = encode(encoding, 2);
    const damage = fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(damage, async (bytes) => {
        const damaged = Buffer.from(body);
        for (const [at, byte] of bytes) damaged[at] = byte;
        const { status } = await post('/v1/metrics', damaged, { 'content-type': encoding.type });
        expect([200, 400]).toContain(status);
      }),
      { numRuns: 300 },
    );
  });
});

function encode(encoding: Encoding, count: number): Buffer<ArrayBuffer> {
  const dataPoints = Array.from({ length: count }, (_, n) => ({
    timeUnixNano: BigInt(n + 1),
    count: 3n,
    bucketCounts: [1n, 2n],
    explicitBounds: [n],
    attributes: [{ key: 'route', value: { value: { case: 'stringValue', value: `/${n}` } as const } }],
  }));
  const data = { case: 'histogram', value: { aggregationTemporality: 1, dataPoints } } as const;
  const scopeMetrics = [{ metrics: [{ name: 'latency', data }] }];
  const request = create(ExportMetricsServiceRequestSchema, { resourceMetrics: [{ scopeMetrics }] });
  return Buffer.from(encoding.encode(ExportMetricsServiceRequestSchema, request));
}

test('listeners get the exports of their environment, in parts, and an error of one harms no other', async () => {
  const seen: number[] = [];
  receiver.intake.onMetrics(() => {
    throw new Error('broken');
  });
  receiver.intake.onMetrics(({ points }) => seen.push(points.length), { environment: 'default' });
  receiver.intake.onMetrics(() => seen.push(-1), { environment: 'elsewhere' });
  const end = receiver.intake.onMetrics(() => seen.push(-2));
  end();
  const points = Array.from({ length: 600 }, () => ({}));
  await receiver.intake.deliverMetrics('default', points as never);
  expect(seen).toEqual([256, 256, 88]);
  expect(new Set(receiver.metrics.map(({ receivedAt }) => receivedAt)).size).toBe(1);
});
