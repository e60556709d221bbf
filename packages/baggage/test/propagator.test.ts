import {
  baggageCounts,
  emit,
  getActiveLane,
  getCell,
  getLane,
  GraylaneBaggagePropagator,
} from '@graylane/baggage';
import { baggageListener } from '@graylane/baggage/http';
import { runInMessage } from '@graylane/baggage/kafka';
import {
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  trace,
  type Context,
} from '@opentelemetry/api';
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { describe, expect, test } from 'vitest';
import { hostileValues } from '../../../test/support/hostile.ts';
import { serve } from './adapters/http-listener.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const acceptAll = { mode: 'accept', keys: ['lane', 'a'] } as const;

describe('a lane that the propagator strips', () => {
  const extracted = (headers: Record<string, string>): Context =>
    new GraylaneBaggagePropagator().extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  const egress = { to: { 'http://orders': ['lane'] } };

  test('is not counted if an adapter admits it by its own policy', () => {
    const headers = { baggage: 'lane=gray' };
    const before = baggageCounts().stripped ?? 0;
    const lane = context.with(extracted(headers), () =>
      runInMessage({ headers }, { ingress: acceptAll }, () => [
        getActiveLane(),
        emit(context.active(), egress, 'http://orders'),
      ]),
    );
    expect(lane).toEqual(['gray', 'lane=gray']);
    expect(baggageCounts().stripped ?? 0).toBe(before);
  });

  test('is counted once if no adapter judges the request, when it calls another service', () => {
    const otelContext = extracted({ baggage: 'lane=gray' });
    const before = baggageCounts().stripped ?? 0;
    for (let call = 0; call < 2; call += 1) emit(otelContext, egress, 'http://orders');
    expect(baggageCounts().stripped ?? 0).toBe(before + 1);
  });
});

describe('the propagator', () => {
  test('works beside others in a composite', () => {
    const composite = new CompositePropagator({
      propagators: [
        new W3CTraceContextPropagator(),
        new GraylaneBaggagePropagator({ inject: 'always', ingress: acceptAll }),
      ],
    });
    const extracted = composite.extract(
      ROOT_CONTEXT,
      { traceparent, baggage: 'lane=gray' },
      defaultTextMapGetter,
    );
    expect(trace.getSpanContext(extracted)?.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(getLane(extracted)).toBe('gray');
    const carrier = {};
    composite.inject(extracted, carrier, defaultTextMapSetter);
    expect(carrier).toEqual({ traceparent, baggage: 'lane=gray' });
    expect(composite.fields()).toContain('baggage');
  });

  test('leaves a cell where nothing came, for a dye that falls later', () => {
    const propagator = new GraylaneBaggagePropagator({ inject: 'always' });
    const extracted = propagator.extract(ROOT_CONTEXT, {}, defaultTextMapGetter);
    expect(injected(propagator, extracted)).toEqual({});
    getCell(extracted)?.dye('gray');
    expect(injected(propagator, extracted)).toEqual({ baggage: 'lane=gray' });
  });

  test('reads several headers as one list', () => {
    const carrier = { baggage: ['a=1', 'lane=gray'] };
    const extracted = new GraylaneBaggagePropagator({ ingress: acceptAll }).extract(ROOT_CONTEXT, carrier, {
      get: (from: typeof carrier) => from.baggage,
      keys: (from) => Object.keys(from),
    });
    expect(propagation.getBaggage(extracted)?.getAllEntries()).toHaveLength(2);
  });

  test('admits nothing and sends nothing by itself, by default', () => {
    const propagator = new GraylaneBaggagePropagator();
    const extracted = propagator.extract(ROOT_CONTEXT, { baggage: 'lane=gray' }, defaultTextMapGetter);
    expect(getLane(extracted)).toBe('baseline');
    expect(propagation.getBaggage(extracted)?.getAllEntries()).toEqual([]);
    getCell(extracted)?.dye('gray');
    expect(injected(propagator, extracted)).toEqual({});
  });

  test('that sends always keeps lane and pins to those of the request', () => {
    const propagator = new GraylaneBaggagePropagator({ inject: 'always', ingress: acceptAll });
    const request = propagator.extract(ROOT_CONTEXT, { baggage: 'a=1,lane=gray' }, defaultTextMapGetter);
    const replaced = propagation.createBaggage({
      lane: { value: 'blue' },
      pins: { value: 'a.b.c' },
      b: { value: '2' },
    });
    expect(injected(propagator, propagation.setBaggage(request, replaced))).toEqual({
      baggage: 'lane=gray,b=2',
    });
    expect(injected(propagator, propagation.setBaggage(ROOT_CONTEXT, replaced))).toEqual({});
  });

  test('with inject "adapters" sends nothing by itself', () => {
    const propagator = new GraylaneBaggagePropagator({ inject: 'adapters', ingress: acceptAll });
    const extracted = propagator.extract(ROOT_CONTEXT, { baggage: 'lane=gray' }, defaultTextMapGetter);
    expect(getLane(extracted)).toBe('gray');
    expect(injected(propagator, extracted)).toEqual({});
  });

  test('admits by its ingress policy, and a middleware of ours then judges anew', async () => {
    const lanes = ['gray'];
    const ingress = { mode: 'accept', keys: ['lane', 'user-id'], laneHeader: 'X-Lane', lanes } as const;
    const propagator = new GraylaneBaggagePropagator({ inject: 'always', ingress });
    const arriving = (carrier: object): object =>
      injected(propagator, propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter));
    expect(arriving({ baggage: 'user-id=ada,secret=1,lane=gray' })).toEqual({
      baggage: 'lane=gray,user-id=ada',
    });
    const before = baggageCounts();
    expect(arriving({ baggage: 'lane=dead,pins=a.b.c,user-id=ada' })).toEqual({ baggage: 'user-id=ada' });
    expect((baggageCounts().unknown ?? 0) - (before.unknown ?? 0)).toBe(1);
    expect(arriving({ baggage: ['user-id=ada', 'lane=gray'] })).toEqual({ baggage: 'lane=gray,user-id=ada' });
    expect(arriving({ 'x-lane': 'gray' })).toEqual({ baggage: 'lane=gray' });
    expect(arriving({ 'x-lane': ['gray', 'dead'], baggage: 'user-id=ada' })).toEqual({
      baggage: 'lane=gray,user-id=ada',
    });
    expect(arriving({})).toEqual({});
    const late = propagator.extract(ROOT_CONTEXT, {}, defaultTextMapGetter);
    getCell(late)?.dye('gray');
    expect(getLane(late)).toBe('gray');

    // As instrumentation of http does: it extracts, and calls the listener in there.
    const listener = baggageListener({}, (_request, response) => response.end(getActiveLane()));
    const service = await serve((request, response) => {
      const extracted = propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
      context.with(extracted, () => listener(request, response));
    });
    const answer = await fetch(service.origin, { headers: { baggage: 'lane=gray' } });
    expect(await answer.text()).toBe('baseline');
    await service.close();
    expect(() => new GraylaneBaggagePropagator({ ingress: { mode: 'accept' } as never })).toThrow(
      /ingress needs the option "keys"/,
    );
    expect(() => new GraylaneBaggagePropagator({ ingres: ingress } as never)).toThrow(
      /did you mean "ingress"/,
    );
    expect(() => new GraylaneBaggagePropagator({ inject: 'all' as never })).toThrow(/"adapters" or "always"/);
  });

  test('throws at no header and no entry', () => {
    const propagator = new GraylaneBaggagePropagator();
    for (const baggage of hostileValues) {
      injected(propagator, propagator.extract(ROOT_CONTEXT, { baggage }, defaultTextMapGetter));
    }
    const odd = [undefined, null, 7, {}, Symbol('s'), Object.create(null), { value: Object.create(null) }];
    for (const entry of odd as never[]) {
      const baggage = propagation.createBaggage({
        k: entry,
        l: { value: entry },
        m: { value: 'v', metadata: entry },
      });
      injected(propagator, propagation.setBaggage(ROOT_CONTEXT, baggage));
      const request = propagator.extract(ROOT_CONTEXT, {}, defaultTextMapGetter);
      const edited = propagation
        .getBaggage(request)
        ?.setEntry('k', entry)
        .setEntry('m', { value: 'v', metadata: entry });
      if (edited) injected(propagator, propagation.setBaggage(request, edited));
    }
  });
});

function injected(propagator: GraylaneBaggagePropagator, otelContext: Context): object {
  const carrier = {};
  propagator.inject(otelContext, carrier, defaultTextMapSetter);
  return carrier;
}
