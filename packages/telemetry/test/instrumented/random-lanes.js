// Records calls, evaluations, indicators and server durations in 10,000 random lanes and one known
// lane. Prints, as JSON, the lane of each series by instrument and exporter.
import { getActiveCell, runInLane } from '@graylane/baggage';
import { evaluationHook, instrumentLanes, sli } from '@graylane/telemetry';
import { context, metrics } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

const pushed = new Map();
const collector = createServer((request, response) => {
  void json(request).then(({ resourceMetrics }) => {
    const scopes = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics);
    for (const { name, sum, histogram } of scopes.flatMap((scope) => scope.metrics)) {
      for (const { attributes } of (sum ?? histogram).dataPoints) {
        const lane = attributes.find(({ key }) => key === 'lane')?.value.stringValue;
        add(pushed, name.replaceAll('.', '_'), lane);
      }
    }
    response.setHeader('content-type', 'application/json').end('{}');
  });
});
await once(collector.listen(0, '127.0.0.1'), 'listening');

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const { views, calls } = instrumentLanes({ lanes: ['gray'] });
const exporter = new OTLPMetricExporter({ url: `http://127.0.0.1:${collector.address().port}/v1/metrics` });
const otlp = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
const scraped = new PrometheusExporter({ preventServerStart: true });
const provider = new MeterProvider({ readers: [otlp, scraped], views });
metrics.setGlobalMeterProvider(provider);

const server = metrics.getMeter('http').createHistogram('http.server.request.duration', { unit: 's' });
const hook = evaluationHook();
const evaluated = hook.finally.bind(hook);
const payment = sli('payment', { kind: 'ratio' });
const search = sli('search', { kind: 'latency', thresholdSeconds: 0.3 });
const flag = { flagKey: 'fees', defaultValue: false, context: {}, providerMetadata: { name: 'graylane' } };
for (let index = 0; index <= 10_000; index += 1) {
  const lane = index === 0 ? 'gray' : `lane-${randomBytes(8).toString('hex')}`;
  runInLane(lane, () => {
    if (getActiveCell().lane !== lane) throw new Error(`${lane} is not in force`);
    server.record(0.01, { 'http.route': '/orders' }, context.active());
    const kind = 'http.client.request';
    calls.start({ kind, otelContext: context.active(), attributes: { 'http.request.method': 'GET' } })();
    evaluated(flag, { flagKey: 'fees', value: true, variant: 'on', reason: 'STATIC', flagMetadata: {} });
    payment.success();
    search.record(0.1);
  });
}

await otlp.forceFlush();
const page = await new Promise((resolve) => {
  const response = { setHeader() {}, end: resolve };
  scraped.getMetricsRequestHandler({ headers: {} }, response);
});
const read = new Map();
for (const [, name, labels] of page.matchAll(/^(\w+?)(?:_count|_total)\{(.*)\} \d/gm)) {
  add(read, name, /(?:^|,)lane="([^"]*)"/.exec(labels)?.[1]);
}
process.stdout.write(JSON.stringify({ otlp: sorted(pushed), prometheus: sorted(read) }), () =>
  process.exit(0),
);

function add(series, name, lane) {
  if (lane !== undefined) series.set(name, [...(series.get(name) ?? []), lane]);
}

function sorted(series) {
  return Object.fromEntries([...series].map(([name, lanes]) => [name, lanes.toSorted()]));
}
