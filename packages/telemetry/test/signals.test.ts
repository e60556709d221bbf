import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import { newest, newestScripts } from '../../../test/components/tools/newest.ts';

const execute = promisify(execFile);
const requests = 300;

interface Signal {
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Signals {
  readonly spans: readonly (Signal & { readonly kind: number; readonly name: string })[];
  readonly logs: readonly (Signal & { readonly body: string })[];
  readonly metrics: readonly (Signal & {
    readonly scope: string;
    readonly name: string;
    readonly count: number;
    readonly boundaries?: number;
  })[];
}

async function run(node: string, folder: string, propagator: string): Promise<Signals> {
  const { stdout } = await execute(node, ['--import', './sdk.js', 'signals.js'], {
    cwd: folder,
    env: { ...process.env, REQUESTS: String(requests), PROPAGATOR: propagator },
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(stdout) as Signals;
}

function suite(where: () => { readonly node: string; readonly folder: string }, propagator: string): void {
  let signals: Signals;

  beforeAll(async () => {
    const { node, folder } = where();
    signals = await run(node, folder, propagator);
  });

  test('every span shows the lane of its request, also those that began before the dye', () => {
    const spans = signals.spans.flatMap(({ kind, attributes }) => {
      const lane = /\/(?:buy|orders)\/([a-z-]+)-7-/.exec(
        String(attributes['url.path'] ?? attributes['url.full']),
      )?.[1];
      // The client of the test itself stands outside of the edge.
      return String(attributes['url.full']).includes('/buy/')
        ? []
        : [{ kind, lane, shown: attributes['lane'] }];
    });
    expect(spans.filter(({ kind }) => kind === 1)).toHaveLength(2 * requests);
    expect(spans.filter(({ kind }) => kind === 2)).toHaveLength(requests);
    expect(spans.filter(({ lane, shown }) => lane !== shown)).toEqual([]);
  });

  test('every log record shows the lane of its request, and baseline outside of one', () => {
    const wrong = signals.logs.filter(
      ({ body, attributes }) =>
        attributes['lane'] !== (body.split('-7-')[0] ?? '').replace('outside', 'baseline'),
    );
    expect(signals.logs).toHaveLength(requests + 1);
    expect(wrong).toEqual([]);
  });

  test('spans and log records show the allowed baggage and the tags, and nothing else of the baggage', () => {
    const span = signals.spans.find(
      ({ kind, attributes }) => kind === 1 && attributes['url.path'] === '/buy/gray-7-1',
    );
    expect(span?.attributes).toMatchObject({ 'user-id': 'gray-7-1', tenant: 'acme' });
    expect(span?.attributes['requestId']).toMatch(/^[0-9a-f-]{36}$/);
    expect(signals.logs.find(({ body }) => body === 'gray-7-1')?.attributes).toEqual({
      lane: 'gray',
      'user-id': 'gray-7-1',
    });
  });

  test('server durations count each request for its lane; unknown lanes and tags are "other"', () => {
    const edge = counts(signals, 'http.server.request.duration', '/buy/:id');
    const quarter = requests / 4;
    expect(edge).toEqual({
      'baseline,other': quarter,
      'gray,acme': quarter,
      'team-a,other': quarter,
      'other,acme': quarter,
    });
    expect(byLane(signals, 'http.server.request.duration', '/shops/:shop/orders/:id')).toEqual({
      baseline: quarter,
      gray: quarter,
      'team-a': quarter,
      other: quarter,
    });
  });

  test('calls over one pooled connection count for the lane of their own request', () => {
    const own = signals.metrics.filter(({ scope }) => scope === '@graylane/telemetry');
    expect(
      Object.fromEntries(
        own.map(({ attributes, count }) => [
          `${String(attributes['lane'])},${String(attributes['tenant'])}`,
          count,
        ]),
      ),
    ).toEqual({ 'baseline,other': 75, 'gray,acme': 75, 'team-a,other': 75, 'other,acme': 75 });
    expect(new Set(own.map(({ name }) => name))).toEqual(new Set(['http.client.request.duration']));
  });

  test('the durations that undici records itself have no lane, rather than a wrong one', () => {
    const undici = signals.metrics.filter(({ scope }) => scope === '@opentelemetry/instrumentation-undici');
    expect(undici.reduce((sum, { count }) => sum + count, 0)).toBe(requests);
    expect(undici.filter(({ attributes }) => 'lane' in attributes)).toEqual([]);
  });

  test('durations have boundaries that are close enough to show 20 %', () => {
    const durations = signals.metrics.filter(({ name }) => name.endsWith('.duration'));
    expect(new Set(durations.map(({ boundaries }) => boundaries))).toEqual(new Set([52]));
  });
}

function byLane({ metrics }: Signals, name: string, route: string): Record<string, number> {
  const found = metrics.filter((metric) => metric.name === name && metric.attributes['http.route'] === route);
  return Object.fromEntries(found.map(({ attributes, count }) => [String(attributes['lane']), count]));
}

function counts({ metrics }: Signals, name: string, route: string): Record<string, number> {
  const found = metrics.filter((metric) => metric.name === name && metric.attributes['http.route'] === route);
  return Object.fromEntries(
    found.map(({ attributes, count }) => [
      `${String(attributes['lane'])},${String(attributes['tenant'])}`,
      count,
    ]),
  );
}

const here = { node: process.execPath, folder: fileURLToPath(new URL('instrumented', import.meta.url)) };

describe('with OpenTelemetry 2.x', () => {
  suite(() => here, 'ours');
});

await describeWith(newest, 'with OpenTelemetry 3.x on the newest Node', () => {
  suite(() => newestScripts('packages/telemetry/test/instrumented'), 'ours');
});
