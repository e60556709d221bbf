// Exports every kind of metric and two spans by each OTLP exporter over HTTP of the OpenTelemetry
// that is installed, to RECEIVER; `service.name` says how. Prints the ids of the first span.
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

const url = process.env.RECEIVER;
const ids = {};
for (const { encoding, Metrics, Traces } of [
  { encoding: 'json', Metrics: JsonMetrics, Traces: JsonTraces },
  { encoding: 'protobuf', Metrics: ProtoMetrics, Traces: ProtoTraces },
]) {
  for (const compression of [CompressionAlgorithm.NONE, CompressionAlgorithm.GZIP]) {
    const service = `${encoding} ${compression}`;
    const resource = resourceFromAttributes({ 'service.name': service, 'service.instance.id': 'one' });
    await exportMetrics(new Metrics({ url: `${url}/v1/metrics`, compression }), resource);
    ids[service] = await exportSpans(new Traces({ url: `${url}/v1/traces`, compression }), resource);
  }
}
process.stdout.write(JSON.stringify(ids), () => process.exit(0));

async function exportMetrics(exporter, resource) {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const views = [{ instrumentName: 'wide', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }];
  const meter = new MeterProvider({ resource, readers: [reader], views }).getMeter('shop');
  const boundaries = { advice: { explicitBucketBoundaries: [0.1, 1] } };
  const latency = meter.createHistogram('latency', { unit: 's', ...boundaries });
  for (const seconds of [0.05, 0.5, 0.7, 2]) latency.record(seconds, { lane: 'gray' });
  const wide = meter.createHistogram('wide');
  for (const seconds of [0, 1, 1000]) wide.record(seconds);
  meter.createCounter('requests').add(3, { lane: 'gray', 'http.response.status_code': 200 });
  meter.createUpDownCounter('open').add(-2);
  meter.createGauge('load').record(0.25);
  await reader.forceFlush();
}

async function exportSpans(exporter, resource) {
  const provider = new TracerProvider({
    resource,
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('shop');
  const parent = tracer.startSpan('POST /charge', { kind: SpanKind.SERVER, attributes: { lane: 'gray' } });
  const within = trace.setSpan(context.active(), parent);
  tracer.startSpan('publish', { kind: SpanKind.PRODUCER }, within).end();
  parent.setStatus({ code: SpanStatusCode.ERROR, message: 'declined' }).end();
  await provider.forceFlush();
  return parent.spanContext();
}
