// Loaded by --import before the server: OpenTelemetry alone, or with our propagator and the parts
// of instrumentLanes. Spans are recorded and exported to nobody.
import { GraylaneBaggagePropagator } from '@graylane/baggage';
import { instrumentLanes, routeHook } from '@graylane/telemetry';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { NoopSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

const hasLanes = process.env.MODE === 'otel + instrumentLanes';
const lanes = hasLanes && instrumentLanes({ lanes: ['gray'], baggage: ['user-id'] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [...(lanes ? [lanes.spanProcessor] : []), new NoopSpanProcessor()] }),
);
metrics.setGlobalMeterProvider(
  new MeterProvider({ readers: [new Reader()], views: lanes ? lanes.views : [] }),
);
propagation.setGlobalPropagator(
  new CompositePropagator({
    propagators: [
      new W3CTraceContextPropagator(),
      ['otel', 'otel + floor'].includes(process.env.MODE)
        ? new W3CBaggagePropagator()
        : new GraylaneBaggagePropagator({ inject: 'adapters' }),
    ],
  }),
);
registerInstrumentations({
  instrumentations: [new HttpInstrumentation(lanes ? { responseHook: routeHook } : {})],
});
