import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeMetrics } from '../../src/protocols/otlp/decode-metrics.ts';
import { decodeSpans } from '../../src/protocols/otlp/decode-spans.ts';
import { jsonEncoding } from '../../src/protocols/otlp/json-encoding.ts';
import type { TimeSlices } from '../../src/time-slices.ts';
import { incrementOf } from '../../src/rollouts/evidence/otlp/increment-of.ts';
import { cutText } from '../../src/signals/cut-text.ts';
import { sourceOf } from '../../src/signals/source.ts';
import type { SpanRecord } from '../../src/signals/span-record.ts';
import type { MetricPoint } from '../../src/signals/metric-point.ts';
import { countLook } from '../../src/rollouts/evidence/counting/count-look.ts';
import { mergeFor } from '../../src/rollouts/evidence/counting/merge-durations.ts';
import { LaneSignals } from '../../src/rollouts/evidence/otlp/lane-signals.ts';
import { callsIn, Traces } from '../../src/traffic/map/traces.ts';
import { startReceiver, type Receiver } from '../support/receive.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => receiver.close());

const times = { startTimeUnixNano: '1700000000000000000', timeUnixNano: '1700000015000000000' };
const long = 'x'.repeat(300_000);

async function post(path: string, body: object): Promise<{ status: number; body: string }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${receiver.url}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.text() };
}

function metrics(dataPoints: readonly object[], resource: object = {}, kind = 'histogram'): object {
  const metric = { name: 'latency', [kind]: { aggregationTemporality: 1, dataPoints } };
  return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [metric] }] }] };
}

const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });

describe('an export', () => {
  const counts = Array.from({ length: 2001 }, () => 0);
  const bounds = Array.from({ length: 2000 }, (_, index) => index);
  const fine = { ...times, count: 1, bucketCounts: [1, 0], explicitBounds: [1] };

  test.each([
    ['a point of too many bytes', { ...fine, exemplars: [long] }, 'bytes, more than 262144'],
    [
      'too many buckets',
      { ...times, count: 0, bucketCounts: counts, explicitBounds: bounds },
      '2001 buckets',
    ],
    ['long attributes', { ...fine, attributes: [text('route', 'x'.repeat(9000))] }, '9005 characters'],
  ])('has %s: the point is rejected, and the others are kept', async (_, point, reason) => {
    const { status, body } = await post('/v1/metrics', metrics([point, fine]));
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      partialSuccess: { rejectedDataPoints: '1', errorMessage: expect.stringContaining(reason) },
    });
    expect(receiver.points()).toHaveLength(1);
  });

  test('has exponential histograms with too many buckets: they are rejected', async () => {
    const positive = { offset: 0, bucketCounts: counts };
    const { body } = await post('/v1/metrics', metrics([{ ...times, positive }], {}, 'exponentialHistogram'));
    expect(body).toContain('2001 buckets');
  });

  test('has a span of too many bytes: it is rejected, and the others are kept', async () => {
    const span = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), kind: 2 };
    const spans = [{ ...span, attributes: [text('db.query.text', long)] }, span];
    const { status, body } = await post('/v1/traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    expect([status, body]).toEqual([200, expect.stringContaining('"rejectedSpans":"1"')]);
    expect(receiver.allSpans()).toHaveLength(1);
  });

  test('has a resource of too many bytes: it is refused', async () => {
    const resource = { attributes: [text('service.name', long)] };
    const { status, body } = await post('/v1/metrics', metrics([fine], resource));
    expect([status, body]).toEqual([400, expect.stringContaining('more than 262144 bytes')]);
  });

  test('has a long name of a service: it is cut', async () => {
    const resource = { attributes: [text('service.name', 'é'.repeat(1000))] };
    await post('/v1/metrics', metrics([fine], resource));
    expect(receiver.points()[0]?.source.service).toBe('é'.repeat(200));
  });
});

describe('an export of empty messages', () => {
  /** How often the event loop may turn while an export is decoded. */
  async function turnsOf(decode: typeof decodeMetrics | typeof decodeSpans, body: object): Promise<number> {
    let turns = 0;
    const slices = { over: true, next: async () => void (turns += 1) } as unknown as TimeSlices;
    await decode(Buffer.from(JSON.stringify(body)), jsonEncoding, slices);
    return turns;
  }
  const empty = Array.from({ length: 500 }, () => ({}));

  // An item is found in one turn, and decoded in another one.
  test.each([
    ['resources', decodeMetrics, { resourceMetrics: empty }],
    ['scopes', decodeMetrics, { resourceMetrics: [{ scopeMetrics: empty }] }],
    ['metrics', decodeMetrics, { resourceMetrics: [{ scopeMetrics: [{ metrics: empty }] }] }],
    ['resources of spans', decodeSpans, { resourceSpans: empty }],
    ['scopes of spans', decodeSpans, { resourceSpans: [{ scopeSpans: empty }] }],
  ])('is decoded in slices: %s', async (_, decode, body) => {
    expect(await turnsOf(decode, body)).toBeGreaterThanOrEqual(1000);
  });

  test('has 100,000 unknown members: it is refused', async () => {
    const members = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`a${index}`, 1]));
    expect(await post('/v1/metrics', members)).toMatchObject({ status: 400 });
  });
});

test('a text that is cut is a prefix, and one that is not is the same', () => {
  expect(cutText('gray😀', 5)).toBe('gray😀'.slice(0, 5));
  expect(cutText('gray', 5)).toBe('gray');
});

describe('counts for a rollout', () => {
  test('come from more series than a call takes arguments', () => {
    const one = { kind: 'exponential', scale: 3, zero: 0, zeroThreshold: 0, offset: 4, counts: [1] } as const;
    const all = Array.from({ length: 200_000 }, () => one);
    const merge = mergeFor(all);
    expect(typeof merge === 'string' ? merge : merge(all)).toMatchObject({ offset: 4, counts: [200_000] });
  });

  const now = Date.now();
  const point = (service: string, instance: string, lane = 'gray'): MetricPoint => ({
    source: sourceOf(
      new Map([
        ['service.name', service],
        ['service.instance.id', instance],
      ]),
      '',
    ),
    name: 'http.server.request.duration',
    unit: 's',
    attributes: new Map([
      ['lane', lane],
      ['status', '200'],
    ]),
    startMs: now - 500,
    timeMs: now,
    data: { kind: 'sum', temporality: 'delta', monotonic: true, value: 1 } as const,
  });
  const receive = (signals: LaneSignals, receivedAt: number, points: readonly MetricPoint[]): void =>
    signals.receive({ environment: 'default', receivedAt, points });

  test('come from more services than are remembered', () => {
    const signals = new LaneSignals('gray', now - 1000);
    receive(
      signals,
      now,
      Array.from({ length: 40_000 }, (_, index) => point(`s${index}`, '')),
    );
    const { increments, ageMs } = signals.window(now - 1, now);
    expect([increments.length, ageMs]).toEqual([40_000, 0]);
  });

  test('make room for later ones when their look has counted them', () => {
    const signals = new LaneSignals('gray', now - 1000);
    const many = Array.from({ length: 30_000 }, (_, index) => point('pay', `i${index}`));
    receive(signals, now, many);
    expect(signals.window(now - 1, now).increments).toHaveLength(30_000);
    for (let look = 1; look <= 3; look += 1) {
      receive(signals, now + look, many);
      const { increments, faults } = signals.window(now + look - 1, now + look);
      expect([increments.length, faults]).toEqual([30_000, []]);
    }
    receive(signals, now + 4, many);
    receive(signals, now + 5, many);
    expect(signals.window(now + 3, now + 5).faults).toEqual([
      expect.stringContaining('more than 50000 series'),
    ]);
  });

  test('are not of reports that count more than a number can', () => {
    const huge = { ...point('pay', 'i'), data: { ...point('pay', 'i').data, value: 1e308 } } as MetricPoint;
    expect(incrementOf(huge)).toMatch(/counts 1e\+308 requests in one report/);
  });

  test('come from many instances: the 100 with the most requests are counted one by one', async () => {
    const sli = {
      name: 'errors',
      service: 'pay',
      metric: 'http.server.request.duration',
      kind: 'errors',
    } as const;
    const signals = new LaneSignals('gray', now - 1000);
    const instances = Array.from({ length: 300 }, (_, index) => `i${index}`);
    const arms = instances.flatMap((one) => [point('pay', one), point('pay', one, 'gray-control')]);
    receive(signals, now, [...arms, point('pay', 'i299')]);
    const window = signals.window(now - 1, now);
    const { look } = await countLook({ lane: 'gray', slis: [{ ...sli, bad: { status: '5..' } }] }, window);
    expect(look?.slis['errors']).toEqual({
      gray: { kind: 'ratio', total: 301, bad: 0 },
      control: { kind: 'ratio', total: 300, bad: 0 },
    });
    const counted = Object.keys(look?.instances?.['errors'] ?? {});
    expect([counted.length, counted[0]]).toEqual([100, 'i299']);
  });
});

describe('traces', () => {
  const span = (id: number, more: Partial<SpanRecord> = {}): SpanRecord => ({
    source: sourceOf(new Map([['service.name', `s${id}`]]), ''),
    traceId: 'ab'.repeat(16),
    spanId: id.toString(16).padStart(16, '0'),
    parentSpanId: undefined,
    name: 'x',
    kind: 'client',
    startMs: 0,
    endMs: 1,
    attributes: new Map([['server.address', 'api.example']]),
    failed: false,
    statusMessage: undefined,
    ...more,
  });

  test('have one call for spans that record it twice', () => {
    const traces = new Traces();
    const outer = span(1);
    const inner = span(2, { parentSpanId: outer.spanId, source: outer.source });
    traces.receive({ environment: 'default', receivedAt: 0, spans: [outer, inner] });
    const calls = traces.newest.flatMap((trace) => callsIn(trace, 1e6));
    expect(calls.map(({ caller }) => caller.spanId)).toEqual([inner.spanId]);
  });

  test('count the lapses of 200 lanes, and those of others together', () => {
    const traces = new Traces();
    for (let at = 0; at < 300; at += 1) {
      const traceId = at.toString(16).padStart(32, '0');
      const caller = span(1, { traceId, attributes: new Map([['lane', `lane-${at}`]]) });
      const callee = span(2, {
        traceId,
        parentSpanId: caller.spanId,
        kind: 'server',
        attributes: new Map([['lane', 'baseline']]),
      });
      traces.receive({ environment: 'default', receivedAt: 0, spans: [caller, callee] });
    }
    expect(traces.lapses.size).toBe(201);
    expect(traces.lapses.get('other')).toMatchObject({ escaped: 100 });
  });
});
