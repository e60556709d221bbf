import { getActiveCell, GraylaneBaggagePropagator, runInLane } from '@graylane/baggage';
import { LaneSpanProcessor } from '@graylane/telemetry';
import { context, ROOT_CONTEXT, SpanKind, trace, type Context, type Span } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace';
import { describe, expect, test } from 'vitest';
import { requestLog } from '../src/requests/request-log.ts';

/** An SDK as it was before it called `onEnding`. */
function withoutOnEnding(processor: LaneSpanProcessor): SpanProcessor {
  return {
    onStart: (span, parent) => {
      processor.onStart(span, parent);
    },
    onEnd: (span) => {
      processor.onEnd(span);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

describe.each([
  ['with onEnding', (processor: LaneSpanProcessor): SpanProcessor => processor],
  ['without onEnding', withoutOnEnding],
])('a span, in an SDK %s', (_name, wrap) => {
  const exporter = new InMemorySpanExporter();
  const processor = wrap(new LaneSpanProcessor({ baggage: ['user-id'] }));
  const provider = new TracerProvider({ spanProcessors: [processor, new SimpleSpanProcessor({ exporter })] });
  const tracer = provider.getTracer('test');
  const attributes = (name: string): unknown =>
    exporter.getFinishedSpans().findLast((span) => span.name === name)?.attributes;

  test('shows the dye that falls after its start, and what is carried with it', () => {
    const span = runInLane('baseline', () => {
      const open = tracer.startSpan('late');
      getActiveCell()?.dye('gray', [
        ['user-id', 'ada'],
        ['secret', 'no'],
      ]);
      return open;
    });
    span.end();
    expect(attributes('late')).toEqual({ lane: 'gray', 'user-id': 'ada' });
  });

  test('shows the pins of its request and, where it was served, that it was dyed there', () => {
    const served = runInLane('baseline', () => {
      const open = tracer.startSpan('served', { kind: SpanKind.SERVER });
      getActiveCell()?.dye('gray');
      getActiveCell()?.pin('fees', { variant: 'on', revision: '7' });
      tracer.startSpan('call', { kind: SpanKind.CLIENT }).end();
      return open;
    });
    served.end();
    const pins = { 'graylane.pins': ['fees=on'] };
    expect(attributes('call')).toEqual({ lane: 'gray', ...pins });
    expect(attributes('served')).toEqual({ lane: 'gray', ...pins, 'graylane.dyed': true });
  });

  test('of no request shows baseline', () => {
    tracer.startSpan('alone', {}, ROOT_CONTEXT).end();
    expect(attributes('alone')).toEqual({ lane: 'baseline' });
  });

  test('that began before the cell of its request was made shows it, if there is a span inside', () => {
    const server = tracer.startSpan('server', { kind: SpanKind.SERVER }, ROOT_CONTEXT);
    const outer = trace.setSpan(ROOT_CONTEXT, server);
    context.with(outer, () => {
      // As a middleware does, where another propagator has extracted the request.
      const accept = new GraylaneBaggagePropagator({ ingress: { mode: 'accept', keys: ['lane'] } });
      const inner: Context = accept.extract(outer, {}, { keys: () => [], get: () => 'lane=gray' });
      tracer.startSpan('inner', {}, inner).end();
    });
    server.end();
    expect(attributes('inner')).toEqual({ lane: 'gray' });
    expect(attributes('server')).toEqual({ lane: 'gray' });
  });

  test('of a server is a request in flight until it ends', () => {
    const { total } = requestLog().inFlight();
    const span = runInLane('gray', () =>
      tracer.startSpan('x', {
        kind: SpanKind.CONSUMER,
        attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'ledger' },
      }),
    );
    expect(requestLog().inFlight().requests.at(-1)).toMatchObject({
      protocol: 'kafka',
      route: 'ledger',
      lane: 'gray',
    });
    expect(requestLog().inFlight().total).toBe(total + 1);
    span.end();
    expect(requestLog().inFlight().total).toBe(total);
    tracer.startSpan('client', { kind: SpanKind.CLIENT });
    expect(requestLog().inFlight().total).toBe(total);
  });

  test('leaves the others in flight, in the order of their start, whichever ends first', () => {
    const start = (route: string): Span =>
      tracer.startSpan(route, { kind: SpanKind.SERVER, attributes: { 'http.route': route } });
    const [first, second, third, fourth] = ['/1', '/2', '/3', '/4'].map(start);
    const inFlight = (): readonly (string | undefined)[] =>
      requestLog()
        .inFlight()
        .requests.map(({ route }) => route);
    const others = inFlight().slice(0, -4);
    second?.end();
    expect(inFlight()).toEqual([...others, '/1', '/3', '/4']);
    first?.end();
    expect(inFlight()).toEqual([...others, '/3', '/4']);
    fourth?.end();
    third?.end();
    expect(inFlight()).toEqual(others);
  });
});
