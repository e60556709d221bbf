// Loaded by --import: an OpenTelemetry SDK of whichever line is installed, with the parts of
// instrumentLanes, kept in memory.
import { register } from 'node:module';
import { GraylaneBaggagePropagator } from '@graylane/baggage';
import { instrumentLanes, LaneContextManager, routeHook } from '@graylane/telemetry';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { TracerProvider } from '@opentelemetry/sdk-trace';

/** What was exported, and a way to collect the metrics. */
export const exported = { spans: [], logs: [], metrics: async () => reader.collect() };

class TestReader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

const reader = new TestReader();
const lanes = instrumentLanes({
  lanes: ['gray', 'team-a'],
  baggage: ['user-id'],
  labels: { tenant: ['acme'] },
});
const last = (kept) => ({
  onStart() {},
  onEnd: (span) => kept.push(span),
  forceFlush: async () => {},
  shutdown: async () => {},
});

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
context.setGlobalContextManager(new LaneContextManager(new AsyncLocalStorageContextManager()).enable());
trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [lanes.spanProcessor, last(exported.spans)] }),
);
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader], views: lanes.views }));
export const loggerProvider = new LoggerProvider({
  processors: [
    lanes.logRecordProcessor,
    { onEmit: (record) => exported.logs.push(record), forceFlush: async () => {}, shutdown: async () => {} },
  ],
});
const ours = new GraylaneBaggagePropagator({ inject: 'adapters' });
propagation.setGlobalPropagator(
  new CompositePropagator({
    propagators: [
      new W3CTraceContextPropagator(),
      process.env.PROPAGATOR === 'stock' ? new W3CBaggagePropagator() : ours,
    ],
  }),
);
registerInstrumentations({
  instrumentations: [new HttpInstrumentation({ responseHook: routeHook }), new UndiciInstrumentation()],
});
