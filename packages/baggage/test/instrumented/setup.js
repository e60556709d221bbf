// Loaded by --import before the cell: OpenTelemetry with the propagator and the instrumentation
// that the environment names.
import { register } from 'node:module';
import { GraylaneBaggagePropagator } from '@graylane/baggage';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { TracerProvider } from '@opentelemetry/sdk-trace';

const propagators = {
  always: () => new GraylaneBaggagePropagator({ inject: 'always' }),
  adapters: () => new GraylaneBaggagePropagator({ inject: 'adapters' }),
  ingress: () =>
    new GraylaneBaggagePropagator({
      inject: 'adapters',
      ingress: { mode: 'accept', keys: ['lane'], lanes: ['gray'] },
    }),
  stock: () => new W3CBaggagePropagator(),
};
const instrumentations = {
  express: () => [new HttpInstrumentation(), new ExpressInstrumentation()],
  http: () => [new HttpInstrumentation()],
  fetch: () => [new UndiciInstrumentation()],
  undici: () => [new UndiciInstrumentation()],
  grpc: () => [new GrpcInstrumentation()],
  kafkajs: () => [new KafkaJsInstrumentation()],
};

const { LIBRARY, PROPAGATOR } = process.env;
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new TracerProvider());
propagation.setGlobalPropagator(
  new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), propagators[PROPAGATOR]()] }),
);
registerInstrumentations({ instrumentations: instrumentations[LIBRARY]() });
