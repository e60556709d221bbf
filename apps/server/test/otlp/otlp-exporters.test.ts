import { SpanKind as ApiKind, SpanStatusCode, trace, context } from '@opentelemetry/api';
import {
  AggregationTemporalityPreference,
  OTLPMetricExporter as JsonMetrics,
} from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startReceiver, type Receiver } from '../support/receive.ts';

const resource = resourceFromAttributes({
  'service.name': 'payments',
  'service.instance.id': 'payments-2',
  'process.command_args': ['node', 'app.js'],
});

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => receiver.close());

const encodings = [
  ['JSON', JsonMetrics, JsonTraces],
  ['protobuf', ProtoMetrics, ProtoTraces],
] as const;
const compressions = [CompressionAlgorithm.NONE, CompressionAlgorithm.GZIP];

describe.each(encodings)('%s of the SDK', (_encoding, Metrics, Traces) => {
  describe.each(compressions)('with the compression %s', (compression) => {
    test.each([
      ['delta', AggregationTemporalityPreference.DELTA],
      ['cumulative', AggregationTemporalityPreference.CUMULATIVE],
    ] as const)('brings every kind of metric, %s', async (temporality, temporalityPreference) => {
      const exporter = new Metrics({ url: `${receiver.url}/v1/metrics`, compression, temporalityPreference });
      const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
      const views = [
        { instrumentName: 'wide', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } as const },
      ];
      const provider = new MeterProvider({ resource, readers: [reader], views });
      const meter = provider.getMeter('shop', '1.0.0');
      const gray = { lane: 'gray', 'http.response.status_code': 200, sampled: true, ratio: 0.5 };
      const boundaries = { advice: { explicitBucketBoundaries: [0.1, 1] } };
      const latency = meter.createHistogram('latency', { unit: 's', ...boundaries });
      for (const seconds of [0.05, 0.5, 0.7, 2]) latency.record(seconds, gray);
      const wide = meter.createHistogram('wide', { unit: 's' });
      for (const seconds of [0, 1, 1.5, 1000]) wide.record(seconds, { lane: 'baseline' });
      meter.createCounter('requests').add(3, gray);
      meter.createUpDownCounter('open').add(-2);
      meter.createGauge('load').record(0.25);
      await reader.forceFlush();
      const [first] = receiver.points('latency');
      expect(first?.source).toMatchObject({ service: 'payments', instance: 'payments-2', scope: 'shop' });
      expect(first?.source.resource.get('process.command_args')).toEqual(['node', 'app.js']);
      expect(new Map(first?.attributes)).toEqual(new Map(Object.entries(gray)));
      expect(first).toMatchObject({
        unit: 's',
        data: { kind: 'histogram', temporality, count: 4, sum: 3.25, bounds: [0.1, 1], counts: [1, 2, 1] },
      });
      const [startMs, timeMs] = [first?.startMs ?? 0, first?.timeMs ?? 0];
      expect(Math.abs(timeMs - Date.now())).toBeLessThan(600_000);
      expect(startMs).toBeLessThanOrEqual(timeMs);
      expect(receiver.points('requests')[0]?.data).toEqual({
        kind: 'sum',
        temporality,
        monotonic: true,
        value: 3,
      });
      // The SDK exports sums that go up and down as cumulative ones for either preference.
      expect(receiver.points('open')[0]?.data).toMatchObject({ monotonic: false, value: -2 });
      expect(receiver.points('load')[0]?.data).toEqual({ kind: 'gauge', value: 0.25 });
      const [exponential] = receiver.points('wide');
      expect(exponential?.data).toMatchObject({ kind: 'exponential', temporality, count: 4, zeroCount: 1 });
      expect(boundsOf(exponential?.data)).toEqual([1, 1.5, 1000].map(() => true));

      latency.record(0.05, gray);
      await reader.forceFlush();
      const [, second] = receiver.points('latency');
      const isDelta = temporality === 'delta';
      expect(second?.data).toMatchObject({ count: isDelta ? 1 : 5, counts: isDelta ? [1, 0, 0] : [2, 2, 1] });
      if (!isDelta) expect(second?.startMs).toBe(startMs);
      await provider.shutdown();
    });

    test('brings spans', async () => {
      const exporter = new Traces({ url: `${receiver.url}/v1/traces`, compression });
      const provider = new BasicTracerProvider({
        resource,
        spanProcessors: [new SimpleSpanProcessor(exporter)],
      });
      const tracer = provider.getTracer('shop');
      const parent = tracer.startSpan('POST /charge', {
        kind: ApiKind.SERVER,
        attributes: { lane: 'gray', 'http.response.status_code': 500 },
      });
      const within = trace.setSpan(context.active(), parent);
      tracer.startSpan('publish', { kind: ApiKind.PRODUCER }, within).end();
      parent.setStatus({ code: SpanStatusCode.ERROR, message: 'declined' }).end();
      await provider.forceFlush();
      const { traceId, spanId } = parent.spanContext();
      const spans = receiver.allSpans();
      expect(spans.find(({ name }) => name === 'POST /charge')).toMatchObject({
        source: { service: 'payments', instance: 'payments-2', scope: 'shop' },
        traceId,
        spanId,
        parentSpanId: undefined,
        kind: 'server',
        attributes: new Map<string, unknown>([
          ['lane', 'gray'],
          ['http.response.status_code', 500],
        ]),
        failed: true,
        statusMessage: 'declined',
      });
      const child = spans.find(({ name }) => name === 'publish');
      expect(child).toMatchObject({ traceId, parentSpanId: spanId, kind: 'producer', failed: false });
      expect(child?.endMs).toBeGreaterThanOrEqual(child?.startMs ?? Number.POSITIVE_INFINITY);
      await provider.shutdown();
    });
  });
});

/** Whether each value lies in the bucket that has it, in ascending order. */
function boundsOf(data: unknown): boolean[] {
  const { scale, positive } = data as { scale: number; positive: { offset: number; counts: number[] } };
  const base = 2 ** (2 ** -scale);
  const filled = [...positive.counts.entries()].filter(([, count]) => count > 0);
  return filled.map(([at], n) => {
    const value = [1, 1.5, 1000][n] ?? Number.NaN;
    const index = positive.offset + at;
    return base ** index < value * (1 + 1e-9) && value <= base ** (index + 1) * (1 + 1e-9);
  });
}
