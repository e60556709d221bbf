import { GraylaneBaggagePropagator, getCell, getLane } from '@graylane/baggage';
import {
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

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the propagator', () => {
  test('works beside others in a composite', () => {
    const composite = new CompositePropagator({
      propagators: [new W3CTraceContextPropagator(), new GraylaneBaggagePropagator()],
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
    const propagator = new GraylaneBaggagePropagator();
    const extracted = propagator.extract(ROOT_CONTEXT, {}, defaultTextMapGetter);
    expect(injected(propagator, extracted)).toEqual({});
    getCell(extracted)?.dye('gray');
    expect(injected(propagator, extracted)).toEqual({ baggage: 'lane=gray' });
  });

  test('reads several headers as one list', () => {
    const carrier = { baggage: ['a=1', 'lane=gray'] };
    const extracted = new GraylaneBaggagePropagator().extract(ROOT_CONTEXT, carrier, {
      get: (from: typeof carrier) => from.baggage,
      keys: (from) => Object.keys(from),
    });
    expect(propagation.getBaggage(extracted)?.getAllEntries()).toHaveLength(2);
  });

  test('with inject "adapters" sends nothing by itself', () => {
    const propagator = new GraylaneBaggagePropagator({ inject: 'adapters' });
    const extracted = propagator.extract(ROOT_CONTEXT, { baggage: 'lane=gray' }, defaultTextMapGetter);
    expect(getLane(extracted)).toBe('gray');
    expect(injected(propagator, extracted)).toEqual({});
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
