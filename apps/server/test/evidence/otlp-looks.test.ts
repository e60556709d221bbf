import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { OtlpLooks } from '../../src/rollouts/evidence/otlp/otlp-looks.ts';
import type { LookQuestion, LookSource } from '../../src/rollouts/evidence/look-source.ts';
import { lookSources } from '../../src/rollouts/evidence/look-sources.ts';
import { Intake } from '../../src/signals/intake.ts';
import type { MetricPoint, PointData } from '../../src/signals/metric-point.ts';
import { sourceOf, type AttributeValue } from '../../src/signals/source.ts';
import type { SpanRecord } from '../../src/signals/span-record.ts';

const start = Date.UTC(2026, 0, 1);
const latency = {
  name: 'payments latency',
  service: 'payments',
  metric: 'rpc.server.call.duration',
  kind: 'latency',
} as const;
const errors = {
  name: 'orders errors',
  service: 'orders',
  metric: 'http.server.request.duration',
  kind: 'errors',
  bad: { 'http.response.status_code': '5..', 'error.type': 'timeout' },
  selector: { 'http.route': '/pay' },
} as const;
const question: LookQuestion = {
  environment: 'default',
  source: 'otlp',
  lane: 'gray',
  slis: [latency, errors],
  from: start,
  to: start + 15_000,
};

let intake: Intake;
let looks: OtlpLooks;
let logged: string[];

beforeEach(async () => {
  vi.useFakeTimers({ now: start, toFake: ['Date'] });
  logged = [];
  const log = { info: () => {}, warn: (text: string) => logged.push(text) };
  intake = new Intake(log);
  looks = new OtlpLooks(intake);
  // The first question begins to keep the signals of the lane.
  expect((await looks.look({ ...question, to: start })).look).toBeUndefined();
});
afterEach(() => {
  looks.close();
  vi.useRealTimers();
  expect(logged).toEqual([]);
});

describe('a look at metrics that arrive by OTLP', () => {
  test('counts both arms, latency by buckets and errors by attributes', async () => {
    await receive(1000, [
      point('payments', 'rpc.server.call.duration', { lane: 'gray' }, histogram([3, 2, 1])),
      point('payments', 'rpc.server.call.duration', { lane: 'gray-control' }, histogram([5, 1, 0])),
      point('payments', 'rpc.server.call.duration', { lane: 'baseline' }, histogram([900, 0, 0])),
      ...['gray', 'gray-control'].flatMap((lane) =>
        [200, 503].map((code) =>
          point(
            'orders',
            'http.server.request.duration',
            { lane, 'http.route': '/pay', 'http.response.status_code': code },
            histogram(lane === 'gray' ? [4, 0, 0] : [code === 200 ? 9 : 1, 0, 0]),
          ),
        ),
      ),
      point(
        'orders',
        'http.server.request.duration',
        { lane: 'gray', 'http.route': '/other', 'http.response.status_code': 500 },
        histogram([7, 0, 0]),
      ),
    ]);
    const { look, holds, ageMs } = await looks.look(question);
    expect(holds).toEqual([]);
    expect(ageMs).toBe(14_000);
    expect(look).toEqual({
      at: start + 15_000,
      slis: {
        'payments latency': {
          gray: { kind: 'histogram', bounds: [0.1, 1], counts: [3, 2, 1] },
          control: { kind: 'histogram', bounds: [0.1, 1], counts: [5, 1, 0] },
        },
        'orders errors': {
          gray: { kind: 'ratio', total: 8, bad: 4 },
          control: { kind: 'ratio', total: 10, bad: 1 },
        },
      },
    });
  });

  test('counts each request once, whatever the window and the temporality', async () => {
    const cumulative = (counts: number[], at: number): Promise<void> =>
      receive(
        at,
        ['gray', 'gray-control'].map((lane) =>
          point('payments', latency.metric, { lane }, histogram(counts, 'cumulative'), start + 1),
        ),
      );
    await cumulative([1, 0, 0], 1000);
    await cumulative([4, 1, 0], 15_000);
    expect(await grayCounts(0, 15_000)).toEqual([4, 1, 0]);
    await cumulative([4, 1, 2], 16_000);
    expect(await grayCounts(15_000, 30_000)).toEqual([0, 0, 2]);
    expect(
      (await looks.look({ ...question, from: start + 30_000, to: start + 45_000 })).look,
    ).toBeUndefined();
  });

  test('counts a series from zero that an instance begins to report later', async () => {
    const baseline = point(
      'payments',
      latency.metric,
      { lane: 'baseline' },
      histogram([9, 9, 9], 'cumulative'),
      1,
    );
    await receive(1000, [baseline]);
    const begun = arms('payments', latency.metric, {}, histogram([2, 1, 0], 'cumulative'), 1);
    await receive(2000, begun);
    expect(await grayCounts(0, 15_000)).toEqual([2, 1, 0]);
    const unknown = arms(
      'payments',
      latency.metric,
      { 'rpc.method': 'x' },
      histogram([700, 0, 0], 'cumulative'),
      1,
    );
    await receive(
      16_000,
      unknown.map((one) => ({ ...one, source: sourceOf(new Map([['service.name', 'payments']]), 'test') })),
    );
    expect(
      (await looks.look({ ...question, from: start + 15_000, to: start + 30_000 })).look,
    ).toBeUndefined();
  });

  test('merges instances whose buckets differ to the bounds that all have, and names them', async () => {
    const one = (instance: string, bounds: number[], counts: number[]): MetricPoint[] =>
      ['gray', 'gray-control'].map((lane) =>
        point('payments', latency.metric, { lane }, { ...histogram(counts), bounds }, start, instance),
      );
    await receive(1000, [...one('a', [0.1, 0.5, 1], [1, 2, 3, 4]), ...one('b', [0.1, 1], [10, 20, 30])]);
    const { look, parts } = counted(await looks.look(question));
    expect(look.slis['payments latency']?.gray).toEqual({
      kind: 'histogram',
      bounds: [0.1, 1],
      counts: [11, 25, 34],
    });
    expect(Object.keys(look.instances?.['payments latency'] ?? {})).toEqual(['a', 'b']);
    expect(look.instances?.['payments latency']?.['a']?.gray).toMatchObject({ counts: [1, 5, 4] });
    expect(parts.map(({ instance, gray }) => [instance, gray.requests])).toEqual([
      ['b', 60],
      ['a', 10],
    ]);
  });

  test('merges exponential histograms to the coarser scale', async () => {
    const exponential = (scale: number, offset: number, counts: number[]): PointData => ({
      kind: 'exponential',
      temporality: 'delta',
      count: counts.reduce((sum, count) => sum + count, 0),
      sum: 1,
      scale,
      zeroCount: 0,
      zeroThreshold: 0,
      positive: { offset, counts },
      negative: { offset: 0, counts: [] },
    });
    await receive(1000, [
      point('payments', latency.metric, { lane: 'gray' }, exponential(1, -4, [1, 2, 3, 4])),
      point('payments', latency.metric, { lane: 'gray-control' }, exponential(0, -1, [5, 6])),
    ]);
    const { look } = counted(await looks.look(question));
    expect(look.slis['payments latency']).toEqual({
      gray: { kind: 'exponential', scale: 0, zero: 0, zeroThreshold: 0, offset: -2, counts: [3, 7, 0] },
      control: { kind: 'exponential', scale: 0, zero: 0, zeroThreshold: 0, offset: -2, counts: [0, 5, 6] },
    });
  });

  test('reports the parts of services that no SLI names, since a difference may come from them', async () => {
    await receive(1000, [
      ...arms('payments', latency.metric, {}, histogram([1, 1, 1])),
      ...arms(
        'ledger',
        'messaging.process.duration',
        { 'messaging.destination.name': 'fees', 'error.type': 'E' },
        histogram([2, 0, 0]),
      ),
    ]);
    const { parts } = counted(await looks.look(question));
    expect(parts).toContainEqual({
      sli: 'ledger messaging_process_duration',
      service: 'ledger',
      route: 'fees',
      instance: 'i-1',
      gray: { requests: 2, bad: 2, seconds: 1 },
      control: { requests: 2, bad: 2, seconds: 1 },
    });
  });
});

describe('a look holds, with the reason,', () => {
  test('while nothing arrives', async () => {
    expect((await looks.look(question)).holds).toEqual([
      expect.stringMatching(
        /^payments latency: no metric rpc\.server\.call\.duration of payments has arrived since 2026-.*OTEL_EXPORTER_OTLP_ENDPOINT/,
      ),
      expect.stringContaining('orders errors: no metric'),
    ]);
  });

  test('while series have no lane', async () => {
    await receive(1000, [point('payments', latency.metric, {}, histogram([1, 0, 0]))]);
    expect((await looks.look(question)).holds[0]).toContain('has no attribute lane: use instrumentLanes');
  });

  test('while one arm has no requests, and keeps those of the other for the next look', async () => {
    await receive(1000, [point('payments', latency.metric, { lane: 'gray' }, histogram([1, 0, 0]))]);
    const { look, holds } = await looks.look(question);
    expect([look, holds[0]]).toEqual([
      undefined,
      'payments latency: payments reported no requests of the lane gray-control in this look',
    ]);
    await receive(16_000, [
      point('payments', latency.metric, { lane: 'gray-control' }, histogram([1, 0, 0])),
    ]);
    expect(await grayCounts(0, 30_000)).toEqual([1, 0, 0]);
  });

  test.each([
    [
      'a clock an hour ahead',
      (): MetricPoint[] =>
        arms('payments', latency.metric, {}, histogram([1, 0, 0])).map((one) => ({
          ...one,
          timeMs: start + 3_600_000,
        })),
      /the clock of payments, or its export, is 3599 s ahead of this server: synchronise/,
    ],
    [
      'a clock an hour behind',
      (): MetricPoint[] =>
        arms('payments', latency.metric, {}, histogram([1, 0, 0])).map((one) => ({
          ...one,
          timeMs: start - 3_600_000,
        })),
      /is 3601 s behind this server/,
    ],
    [
      'another unit',
      (): MetricPoint[] =>
        arms('payments', latency.metric, {}, histogram([1, 0, 0])).map((one) => ({ ...one, unit: 'ms' })),
      /rpc\.server\.call\.duration of payments is in "ms": export durations in seconds/,
    ],
  ])('for %s, and counts the next look', async (_case, points, message) => {
    await receive(1000, points());
    const held = await looks.look(question);
    expect([held.look, held.holds]).toEqual([undefined, [expect.stringMatching(message)]]);
    await receive(16_000, arms('payments', latency.metric, {}, histogram([0, 1, 0])));
    expect(await grayCounts(0, 30_000)).toEqual([0, 1, 0]);
  });

  test.each([
    ['has sunk without a restart', [1, 0, 0]],
    ['has changed its buckets', [1, 0, 0, 0]],
  ])('if a counter %s', async (message, counts) => {
    const bounds = counts.length === 4 ? [0.1, 0.5, 1] : [0.1, 1];
    const at = (seconds: number, data: PointData): Promise<void> =>
      receive(seconds, arms('payments', latency.metric, {}, data, start + 1));
    await at(1000, histogram([5, 5, 5], 'cumulative'));
    await at(2000, { ...histogram(counts, 'cumulative'), bounds });
    const held = await looks.look(question);
    expect([held.look, held.holds.join()]).toEqual([undefined, expect.stringContaining(message)]);
  });

  test('if only some series have explicit buckets', async () => {
    const [gray, control] = arms('payments', latency.metric, {}, histogram([1, 0, 0]));
    const data = { kind: 'sum', temporality: 'delta', monotonic: true, value: 3 } as const;
    await receive(
      1000,
      [gray, { ...control, data } as MetricPoint].flatMap((one) => one ?? []),
    );
    expect((await looks.look(question)).holds[0]).toContain('the metric has no buckets: name a histogram');
  });
});

test('a look has the effective number of units, by the spans of both arms', async () => {
  const asked = { ...question, unitKey: 'targetingKey' };
  await looks.look(asked);
  const spans = (lane: string, requests: Readonly<Record<string, number>>): SpanRecord[] =>
    Object.entries(requests).flatMap(([user, count]) =>
      Array.from({ length: count }, () => span(user, lane, 1, { 'user-id': user })),
    );
  await intake.deliverSpans('default', spans('gray', { ada: 3, bo: 1 }));
  await receive(1000, arms('payments', latency.metric, {}, histogram([1, 0, 0])));
  expect(counted(await looks.look(asked)).look.units).toBeUndefined();
  await intake.deliverSpans('default', [
    ...spans('gray-control', { chen: 2, dai: 2 }),
    ...spans('baseline', { eve: 9 }),
  ]);
  expect(counted(await looks.look(asked)).look.units).toEqual({ gray: 1.6, control: 2 });
  expect(counted(await looks.look(question)).look.units).toBeUndefined();
});

test('details have the slowest traces of each arm, and the newest values of the runtime', async () => {
  await intake.deliverSpans('default', [
    span('a', 'gray', 1),
    span('b', 'gray', 3),
    span('b', 'gray', 2),
    span('c', 'gray-control', 0.1),
    span('d', 'baseline', 9),
  ]);
  const gauge = point('payments', 'nodejs.eventloop.delay.p99', {}, { kind: 'gauge', value: 0.2 });
  const heap = (space: string, value: number): MetricPoint =>
    point('payments', 'v8js.memory.heap.used', { 'v8js.heap.space.name': space }, { kind: 'gauge', value });
  await receive(1000, [gauge, heap('new_space', 1), heap('old_space', 3), heap('new_space', 2)]);
  const { traces, runtime } = await looks.details(question);
  expect(traces?.gray).toMatchObject([
    { traceId: 'b', seconds: 3, hops: [{ service: 'payments', seconds: 2 }] },
    { traceId: 'a', seconds: 1 },
  ]);
  expect(traces?.control.map(({ traceId }) => traceId)).toEqual(['c']);
  expect(runtime).toEqual([
    { service: 'payments', instance: 'i-1', name: 'nodejs.eventloop.delay.p99', unit: 's', value: 0.2 },
    { service: 'payments', instance: 'i-1', name: 'v8js.memory.heap.used', unit: 's', value: 5 },
  ]);
});

describe('the units that were assigned', () => {
  const draw = { expected: 0.5, since: start };

  test('are requests by the roots of their traces', async () => {
    const asked = { ...question, draw };
    await looks.look(asked);
    const inner = { ...span('a', 'gray', 1), parentSpanId: '2'.repeat(16) };
    const roots = [span('a', 'gray', 1), span('b', 'gray', 1), span('c', 'gray-control', 1)];
    await intake.deliverSpans('default', [...roots, inner, span('d', 'baseline', 1)]);
    await receive(1000, arms('payments', latency.metric, {}, histogram([1, 0, 0])));
    const { look } = counted(await looks.look(asked));
    expect(look.assigned).toEqual({ gray: 2, control: 1, expected: 0.5 });
    await receive(16_000, arms('payments', latency.metric, {}, histogram([1, 0, 0])));
    const next = counted(await looks.look({ ...asked, from: start + 15_000, to: start + 30_000 }));
    expect(next.look.assigned).toBeUndefined();
  });

  test('are users by their first request, whatever they do later', async () => {
    const asked = { ...question, unitKey: 'targetingKey', draw };
    await looks.look(asked);
    const by = (user: string, lane: string) => span(user, lane, 1, { 'user.id': user });
    await intake.deliverSpans('default', [by('ada', 'gray'), by('ada', 'gray'), by('bo', 'gray-control')]);
    await receive(1000, arms('payments', latency.metric, {}, histogram([1, 0, 0])));
    const { look } = counted(await looks.look(asked));
    expect(look.assigned).toEqual({ gray: 1, control: 1, expected: 0.5 });
    // The weights grow, and both arms keep their users.
    await intake.deliverSpans('default', [by('ada', 'gray'), by('chen', 'gray')]);
    await receive(16_000, arms('payments', latency.metric, {}, histogram([1, 0, 0])));
    const later = { ...asked, draw: { ...draw, since: start + 15_000 } };
    const next = counted(await looks.look({ ...later, from: start + 15_000, to: start + 30_000 }));
    expect(next.look.assigned).toEqual({ gray: 1, control: 0, expected: 0.5 });
  });

  test('do not count users twice after a restart', async () => {
    vi.setSystemTime(start + 3_600_000);
    const asked = { ...question, unitKey: 'targetingKey', draw };
    await looks.look(asked);
    await intake.deliverSpans('default', [span('a', 'gray', 1, { 'user.id': 'ada' })]);
    await receive(3_601_000, arms('payments', latency.metric, {}, histogram([1, 0, 0])));
    const { look } = counted(await looks.look({ ...asked, to: start + 3_615_000 }));
    expect(look.assigned).toBeUndefined();
  });

  test('do not count requests that were drawn before unequal weights were in force', async () => {
    const asked = { ...question, draw: { expected: 0.99, since: start } };
    await looks.look(asked);
    const late = span('b', 'gray', 1);
    await intake.deliverSpans('default', [
      span('a', 'gray-control', 1),
      { ...late, startMs: start + 30_000 },
    ]);
    await receive(1000, arms('payments', latency.metric, {}, histogram([1, 0, 0])));
    const { look } = counted(await looks.look(asked));
    expect(look.assigned).toEqual({ gray: 1, control: 0, expected: 0.99 });
  });
});

describe('the same hour of the last days', () => {
  const day = 86_400_000;

  test('is added up over all lanes, and outlives a restart', async () => {
    const lanes = ['gray', 'gray-control', 'baseline'];
    const requests = (counts: number[], route: string, code: number): MetricPoint[] =>
      lanes.flatMap((lane) => [
        point('payments', latency.metric, { lane }, histogram(counts)),
        point(
          'orders',
          errors.metric,
          { lane, 'http.route': route, 'http.response.status_code': code },
          histogram(counts),
        ),
      ]);
    await receive(1000, requests([9, 1, 0], '/pay', 200));
    await receive(2000, [...requests([90, 0, 0], '/other', 500), ...requests([10, 0, 0], '/pay', 503)]);
    vi.setSystemTime(start + 3_600_000);
    const stored = JSON.parse(JSON.stringify(looks.newHours('default'))) as unknown;
    expect(looks.newHours('default')).toBeUndefined();
    looks.close();
    looks = new OtlpLooks(intake);
    looks.restoreHours('default', stored);
    const at = start + 2 * day + 1000;
    const { lastDays } = await looks.details({ ...question, to: at });
    expect(lastDays).toEqual([
      { sli: 'payments latency', at: start, requests: 330, p95: 0.1 },
      { sli: 'orders errors', at: start, requests: 60, badRatio: 0.5 },
    ]);
    expect((await looks.details({ ...question, to: at + day / 2 })).lastDays).toEqual([]);
  });

  test('is forgotten after a week', async () => {
    await receive(1000, arms('payments', latency.metric, {}, histogram([9, 1, 0])));
    vi.setSystemTime(start + 3_600_000);
    looks.newHours('default');
    expect((await looks.details({ ...question, to: start + 7 * day })).lastDays).toHaveLength(1);
    vi.setSystemTime(start + 9 * day);
    looks.newHours('default');
    expect((await looks.details({ ...question, to: start + 7 * day })).lastDays).toEqual([]);
  });
});

test('spans that arrive by OTLP belong to looks at Prometheus, too', async () => {
  const arm = { kind: 'ratio', total: 10, bad: 0 } as const;
  const day = { sli: 'errors', at: start, requests: 5 };
  const prometheus: LookSource = {
    look: ({ to }) =>
      Promise.resolve({
        look: { at: to, slis: { errors: { gray: arm, control: arm } } },
        holds: [],
        parts: [],
      }),
    details: () => Promise.resolve({ lastDays: [day], missing: ['one'] }),
  };
  const source = lookSources({ otlp: looks, prometheus });
  const draw = { expected: 0.5, since: start };
  const asked = { ...question, source: { prometheus: 'http://prometheus:9090/' }, draw };
  const { signal } = new AbortController();
  await source.look(asked, signal);
  expect((await source.details(asked, signal)).missing).toEqual(['one']);
  await intake.deliverSpans('default', [span('a', 'gray', 1)]);
  const { look } = await source.look(asked, signal);
  expect(look?.assigned).toEqual({ gray: 1, control: 0, expected: 0.5 });
  const { traces, lastDays } = await source.details(asked, signal);
  expect([traces?.gray.map(({ traceId }) => traceId), lastDays]).toEqual([['a'], [day]]);
});

function span(
  traceId: string,
  lane: string,
  seconds: number,
  attributes: Readonly<Record<string, string>> = {},
): SpanRecord {
  return {
    source: sourceOf(new Map([['service.name', 'payments']]), 'shop'),
    traceId,
    spanId: '1'.repeat(16),
    parentSpanId: undefined,
    name: 'Charge',
    kind: 'server',
    startMs: start,
    endMs: start + seconds * 1000,
    attributes: new Map(Object.entries({ lane, ...attributes })),
    failed: false,
    statusMessage: undefined,
  };
}

async function receive(after: number, points: readonly MetricPoint[]): Promise<void> {
  vi.setSystemTime(start + after);
  await intake.deliverMetrics('default', points);
}

async function grayCounts(from: number, to: number): Promise<unknown> {
  const response = await looks.look({ ...question, from: start + from, to: start + to });
  const arm = counted(response).look.slis['payments latency']?.gray;
  return arm?.kind === 'histogram' ? arm.counts : arm;
}

function counted(response: Awaited<ReturnType<OtlpLooks['look']>>) {
  if (response.look === undefined) throw new Error(response.holds.join('\n'));
  return response;
}

function arms(...[service, name, attributes, data, startMs]: Parameters<typeof point>): MetricPoint[] {
  return ['gray', 'gray-control'].map((lane) => point(service, name, { ...attributes, lane }, data, startMs));
}

function point(
  service: string,
  name: string,
  attributes: Readonly<Record<string, AttributeValue>>,
  data: PointData,
  startMs: number = start,
  instance = 'i-1',
): MetricPoint {
  const resource = new Map([
    ['service.name', service],
    ['service.instance.id', instance],
  ]);
  return {
    source: sourceOf(resource, 'test'),
    name,
    unit: 's',
    attributes: new Map(Object.entries(attributes)),
    startMs,
    timeMs: Date.now() + 1000,
    data,
  };
}

function histogram(counts: readonly number[], temporality: 'delta' | 'cumulative' = 'delta') {
  const count = counts.reduce((sum, one) => sum + one, 0);
  return { kind: 'histogram', temporality, count, sum: count / 2, bounds: [0.1, 1], counts } as const;
}
