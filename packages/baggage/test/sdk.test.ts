import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { getCell, getLane, GraylaneBaggagePropagator, type RequestCell } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { TracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace';
import express from 'express';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serve } from './adapters/http-listener.ts';

const spans: { readonly kind: number; readonly lane: string }[] = [];
const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const instrumentation = new HttpInstrumentation();

/** The lane of a span is the one that its request has when it ends. */
const laneOfSpans: SpanProcessor = {
  onStart(span, parent) {
    cellOfSpan.set(span, getCell(parent));
  },
  onEnd(span) {
    spans.push({ kind: span.kind, lane: cellOfSpan.get(span)?.lane ?? 'no cell' });
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};
const cellOfSpan = new WeakMap<object, RequestCell | undefined>();

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new GraylaneBaggagePropagator({ inject: 'adapters' }));
  instrumentation.setTracerProvider(new TracerProvider({ spanProcessors: [laneOfSpans] }));
  instrumentation.setMeterProvider(
    new MeterProvider({
      readers: [reader],
      views: [
        {
          instrumentName: 'http.server.*',
          attributesProcessors: [
            {
              process: (attributes, otelContext) => ({
                ...attributes,
                lane: getLane(otelContext ?? context.active()),
              }),
            },
          ],
        },
      ],
    }),
  );
  // Instrumentation patches a module when it is first required.
  createRequire(import.meta.url)('http');
});
beforeEach(() => {
  spans.length = 0;
});
afterAll(async () => {
  instrumentation.disable();
  await reader.shutdown();
  context.disable();
  propagation.disable();
});

describe("OpenTelemetry's own spans and metrics of an http server", () => {
  test('see the lane of a request that was dyed in its handler', async () => {
    const app = express();
    app.use(baggageMiddleware());
    app.get('/', async (_request, response) => {
      await delay(1);
      getCell(context.active())?.dye('gray');
      response.end();
    });
    expect(await observed(app)).toEqual({ spans: ['gray'], metrics: ['gray'] });
  });

  test('see the lane of a request that a dye rule has dyed, after authentication', async () => {
    const app = express();
    app.use(baggageMiddleware());
    app.use((_request, _response, next) => void delay(1).then(next));
    app.use(
      baggageMiddleware({
        dye: { client: { getStringValue: () => delay(1, 'gray') }, evaluationContext: () => ({}) },
      }),
    );
    app.get('/', (_request, response) => void response.end());
    expect(await observed(app)).toEqual({ spans: ['gray'], metrics: ['gray'] });
  });

  test('see no lane that was stripped, though the propagator has extracted it', async () => {
    const app = express();
    app.use(baggageMiddleware());
    app.get('/', (_request, response) => void response.end());
    expect(await observed(app, 'lane=gray')).toEqual({ spans: ['baseline'], metrics: ['baseline'] });
  });

  test('see the lane that came in', async () => {
    const app = express();
    app.use(baggageMiddleware({ ingress: { mode: 'accept', keys: ['lane'] } }));
    app.get('/', (_request, response) => void response.end());
    expect(await observed(app, 'lane=gray')).toEqual({ spans: ['gray'], metrics: ['gray'] });
  });
});

/** The lanes in the spans and in the metrics of one request. */
async function observed(
  app: express.Express,
  baggage = '',
): Promise<{ spans: string[]; metrics: unknown[] }> {
  const served = await serve(app);
  const [answer] = (await once(get(served.origin, { headers: { baggage }, agent: false }), 'response')) as [
    IncomingMessage,
  ];
  answer.resume();
  await once(answer, 'end');
  await served.close();
  exporter.reset();
  await reader.forceFlush();
  const points = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .filter(({ descriptor }) => descriptor.name.startsWith('http.server.'))
    .flatMap(({ dataPoints }): { attributes: Record<string, unknown> }[] => dataPoints);
  return {
    spans: spans.filter(({ kind }) => kind === 1).map(({ lane }) => lane),
    metrics: points.map(({ attributes }) => attributes['lane']),
  };
}
