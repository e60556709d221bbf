import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { Counts } from '@graylane/rollout';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import {
  prometheus,
  startPrometheus,
  type PrometheusServer,
} from '../../../../test/components/services/prometheus.ts';
import type { EvidenceSource, Sli } from '../../src/rollouts/definition/sli.ts';
import type { LookSource } from '../../src/rollouts/evidence/look-source.ts';
import { OtlpLooks } from '../../src/rollouts/evidence/otlp/otlp-looks.ts';
import { PrometheusLooks } from '../../src/rollouts/evidence/prometheus/prometheus-looks.ts';
import { PrometheusServers } from '../../src/rollouts/evidence/prometheus/prometheus-servers.ts';
import { startReceiver, type Receiver } from '../support/receive.ts';

const metric = 'http.server.request.duration';
const slis: readonly Sli[] = [
  { name: 'latency', service: 'payments', metric, kind: 'latency' },
  {
    name: 'errors',
    service: 'payments',
    metric,
    kind: 'errors',
    bad: { 'http.response.status_code': '5..' },
  },
];
const signal = new AbortController().signal;

await describeWith(prometheus, 'the same traffic', () => {
  let receiver: Receiver;
  let server: PrometheusServer;
  let provider: MeterProvider;
  let metrics: Server;

  beforeAll(async () => {
    receiver = await startReceiver();
    const scraped = new PrometheusExporter({ preventServerStart: true });
    metrics = createServer((request, response) => scraped.getMetricsRequestHandler(request, response));
    await once(metrics.listen(0, '127.0.0.1'), 'listening');
    const { port } = metrics.address() as AddressInfo;
    const exporter = new OTLPMetricExporter({ url: `${receiver.url}/v1/metrics` });
    provider = new MeterProvider({
      resource: resourceFromAttributes({ 'service.name': 'payments', 'service.instance.id': 'a' }),
      readers: [
        scraped,
        new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 250, exportTimeoutMillis: 250 }),
      ],
    });
    server = await startPrometheus('payments', [`127.0.0.1:${port}`]);
  });
  afterAll(async () => {
    await server.close();
    await provider.shutdown();
    await receiver.close();
    metrics.closeAllConnections();
    metrics.close();
  });

  test('gives the same counts by OTLP and by Prometheus, each request once', async () => {
    const histogram = provider.getMeter('shop').createHistogram(metric, {
      unit: 's',
      advice: { explicitBucketBoundaries: [0.01, 0.1, 1] },
    });
    const record = (lane: string, seconds: number, code = 200): void =>
      histogram.record(seconds, { lane, 'http.route': '/pay', 'http.response.status_code': code });
    const otlp = follow(new OtlpLooks(receiver.intake), 'otlp');
    await otlp.look();
    // Both have seen the service before its first request in the lane.
    record('baseline', 0.001);
    await expect.poll(() => targetIsScraped(server.url)).toBe(true);
    await expect.poll(() => receiver.points(metric).length).toBeGreaterThan(0);
    const sources = [
      otlp,
      follow(new PrometheusLooks(new PrometheusServers([server.url])), { prometheus: `${server.url}/` }),
    ];
    for (let wave = 0; wave < 5; wave += 1) {
      for (let request = 0; request < 40; request += 1) {
        record('gray', request % 4 === 0 ? 0.5 : 0.05, request % 10 === 0 ? 503 : 200);
        record('gray-control', 0.05);
      }
      for (const source of sources) await source.look();
    }
    const expected = {
      latency: { gray: [0, 150, 50, 0], control: [0, 200, 0, 0] },
      errors: { gray: [200, 20], control: [200, 0] },
    };
    for (const source of sources) {
      await expect.poll(async () => source.look()).toEqual(expected);
    }
  });
});

async function targetIsScraped(url: string): Promise<boolean> {
  const query = encodeURIComponent('http_server_request_duration_count{lane="baseline"}');
  const response = await fetch(`${url}/api/v1/query?query=${query}`).catch(() => undefined);
  const body = (await response?.json()) as { data?: { result?: unknown[] } } | undefined;
  return (body?.data?.result?.length ?? 0) > 0;
}

/** Looks again and again, each time from the end of the last look that counted, and adds up. */
function follow(looks: LookSource, source: EvidenceSource) {
  let from = Date.now();
  const sums: Record<string, Record<'gray' | 'control', number[]>> = {};
  return {
    async look(): Promise<typeof sums> {
      const { look } = await looks.look(
        { environment: 'default', source, lane: 'gray', slis, from, to: Date.now() },
        signal,
      );
      if (look === undefined) return sums;
      from = look.at;
      for (const [name, arms] of Object.entries(look.slis)) {
        const sum = (sums[name] ??= { gray: [], control: [] });
        for (const arm of ['gray', 'control'] as const) sum[arm] = add(sum[arm], numbersOf(arms[arm]));
      }
      return sums;
    },
  };
}

function numbersOf(counts: Counts): readonly number[] {
  return counts.kind === 'ratio' ? [counts.total, counts.bad] : counts.counts;
}

function add(sum: readonly number[], more: readonly number[]): number[] {
  return more.map((count, at) => count + (sum[at] ?? 0));
}
