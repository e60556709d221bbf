import { formatBaggage, GraylaneBaggagePropagator, parseBaggage, runInLane } from '@graylane/baggage';
import {
  baggageEntryMetadataFromString,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type Baggage,
  type BaggageEntry,
  type Context,
  type TextMapPropagator,
} from '@opentelemetry/api';
import { suppressTracing, W3CBaggagePropagator } from '@opentelemetry/core';
import { describe, expect, test } from 'vitest';
import { codecPropagator } from './codec-propagator.ts';

/**
 * Where OpenTelemetry's propagator departs from W3C Baggage, one test each; the stock one stands
 * beside to show that it does.
 */
const stock = new W3CBaggagePropagator();
const ours = codecPropagator;

describe('unlike the stock propagator, our codec', () => {
  test('keeps an empty value', () => {
    expect(read(stock, 'k=')).toEqual({});
    expect(read(ours, 'k=')).toEqual({ k: '' });
  });

  test('leaves keys as they are', () => {
    expect(hop(stock, 'a#b=1')).toBe('a%23b=1');
    expect(hop(ours, 'a#b=1')).toBe('a#b=1');
    expect(hop(stock, '100%=1')).toBeUndefined();
    expect(hop(ours, '100%=1')).toBe('100%=1');
    expect(hop(ours, 'a%2Cb=1')).toBe('a%2Cb=1');
  });

  test('decodes octets that are no UTF-8 to U+FFFD, and keeps the member', () => {
    expect(read(stock, 'k=%FF')).toEqual({});
    expect(read(ours, 'k=%FF')).toEqual({ k: '\uFFFD' });
  });

  test('carries one member of up to 8192 bytes', () => {
    for (const length of [4097, 8192]) {
      const header = `k=${'v'.repeat(length - 2)}`;
      expect(hop(stock, header)).toBeUndefined();
      expect(hop(ours, header)).toBe(header);
    }
  });

  test('carries a lane that was set after a long baggage', () => {
    const long = Array.from({ length: 180 }, (_, index) => `k${index}=v`).join(',');
    const late = (propagator: TextMapPropagator): string | undefined => {
      const baggage = baggageOf(extract(propagator, long));
      return inject(propagator, baggage.setEntry('lane', { value: 'gray' }));
    };
    expect(late(stock)).not.toContain('lane=gray');
    expect(late(ours)?.startsWith('lane=gray,k0=v,')).toBe(true);
  });

  test('counts a key that came several times once', () => {
    const header = [...Array.from({ length: 180 }, () => 'k=v'), 'lane=gray'].join(',');
    expect(read(stock, header)).toEqual({ k: 'v' });
    expect(read(ours, header)).toEqual({ k: 'v', lane: 'gray' });
    expect(hop(ours, header)).toBe('lane=gray,k=v');
  });

  test('keeps the order of all keys, and the key __proto__', () => {
    expect(hop(stock, '10=a,2=b')).toBe('2=b,10=a');
    expect(hop(ours, '10=a,2=b')).toBe('10=a,2=b');
    expect(hop(stock, '__proto__=x,a=1')).toBe('a=1');
    expect(hop(ours, '__proto__=x,a=1')).toBe('__proto__=x,a=1');
  });

  test('lets no property forge a member or break a header', () => {
    const forging = (metadata: string): Baggage =>
      propagation.createBaggage({ k: { value: 'v', metadata: baggageEntryMetadataFromString(metadata) } });
    expect(read(stock, inject(stock, forging('p=1,lane=gray')))).toHaveProperty('lane', 'gray');
    expect(inject(ours, forging('p=1,lane=gray'))).toBe('k=v;p=1%2Clane=gray');
    expect(inject(stock, forging('p=1\r\n漢'))).toBe('k=v;p=1\r\n漢');
    expect(inject(ours, forging('p=1\r\n漢'))).toBe('k=v;p=1%0D%0A%E6%BC%A2');
    expect(inject(ours, forging(' p = 1 '))).toBe('k=v;p=1');
  });

  test('writes U+FFFD for a lone surrogate, where the stock one throws', () => {
    const baggage = propagation.createBaggage({ k: { value: '\uD800' }, lane: { value: 'gray' } });
    expect(() => inject(stock, baggage)).toThrow(URIError);
    expect(inject(ours, baggage)).toBe('lane=gray,k=%EF%BF%BD');
  });

  test('does not send keys that cannot stand in a header', () => {
    const baggage = propagation.createBaggage({ '(bad)': { value: '1' }, '': { value: '2' } });
    expect(inject(stock, baggage)).toBe('(bad)=1,=2');
    expect(inject(ours, baggage)).toBeUndefined();
  });

  test('extracts no baggage where none came, whatever the context held before', () => {
    const before = propagation.setBaggage(
      ROOT_CONTEXT,
      propagation.createBaggage({ lane: { value: 'gray' } }),
    );
    const entriesAfter = (propagator: TextMapPropagator): unknown =>
      propagation
        .getBaggage(propagator.extract(before, { baggage: '' }, defaultTextMapGetter))
        ?.getAllEntries();
    expect(entriesAfter(stock)).toEqual([['lane', { value: 'gray' }]]);
    expect(entriesAfter(ours)).toEqual([]);
  });

  test('copies what it is given, and what it hands out', () => {
    const entry: BaggageEntry = { value: 'before' };
    const stockBaggage = propagation.createBaggage().setEntry('k', entry);
    const ourBaggage = parseBaggage('').setEntry('k', entry);
    const inRequest = baggageOf(extract(ours, 'a=1')).setEntry('k', entry);
    entry.value = 'after';
    expect(stockBaggage.getEntry('k')?.value).toBe('after');
    expect(ourBaggage.getEntry('k')?.value).toBe('before');
    expect(inRequest.getEntry('k')?.value).toBe('before');

    const handedOut = [ourBaggage.getEntry('k'), ourBaggage.getAllEntries()[0]?.[1]];
    for (const one of handedOut) if (one) one.value = 'after';
    expect(formatBaggage(ourBaggage)).toBe('k=before');
  });
});

describe('like the stock propagator, ours', () => {
  test('injects nothing while tracing is suppressed, for exporters run so', () => {
    const always = new GraylaneBaggagePropagator({ inject: 'always' });
    for (const [propagator, request] of [
      [stock, extract(stock, 'lane=gray')],
      [always, runInLane('gray', () => context.active())],
    ] as const) {
      const carrier = {};
      propagator.inject(suppressTracing(request), carrier, defaultTextMapSetter);
      expect(carrier).toEqual({});
      propagator.inject(request, carrier, defaultTextMapSetter);
      expect(carrier).toEqual({ baggage: 'lane=gray' });
    }
  });

  test('names the header that it reads and writes', () => {
    expect(new GraylaneBaggagePropagator().fields()).toEqual(stock.fields());
  });
});

function extract(propagator: TextMapPropagator, header: string | undefined): Context {
  return propagator.extract(ROOT_CONTEXT, { baggage: header }, defaultTextMapGetter);
}

function baggageOf(otelContext: Context): Baggage {
  return propagation.getBaggage(otelContext) ?? propagation.createBaggage();
}

function read(propagator: TextMapPropagator, header: string | undefined): Record<string, string> {
  const entries = baggageOf(extract(propagator, header)).getAllEntries();
  return Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
}

function inject(propagator: TextMapPropagator, baggage: Baggage): string | undefined {
  const carrier: { baggage?: string } = {};
  propagator.inject(propagation.setBaggage(context.active(), baggage), carrier, defaultTextMapSetter);
  return carrier.baggage;
}

function hop(propagator: TextMapPropagator, header: string): string | undefined {
  return inject(propagator, baggageOf(extract(propagator, header)));
}
