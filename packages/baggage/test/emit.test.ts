import {
  admit,
  baggageCounts,
  emit,
  getCell,
  getLane,
  withoutBaggage,
  type BaggageEvent,
  type EgressPolicy,
} from '@graylane/baggage';
import { propagation, ROOT_CONTEXT, type Baggage, type Context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { describe, expect, test } from 'vitest';

const keys = ['lane', 'user-id'];
const egress: EgressPolicy = {
  to: {
    'http://orders:8080': keys,
    'https://shop.example/': ['lane'],
    'HTTP://UPPER.example:80': ['lane'],
    'https://*.Shop.example:443/': ['lane'],
    'https://*.shop.internal': ['lane'],
    'http://api-*.internal:*': ['lane'],
    'http://Bücher.example:80': ['lane'],
    'https://*.bücher.example': ['lane'],
    'http://[0:0::1]:8080': ['lane'],
    'http://10.*.0.1': ['lane'],
    'http://10.1.0.*:080': ['lane'],
    'grpc://payments:50051': ['lane'],
    'kafka:orders.*': ['lane'],
    'http://nothing:80': [],
    'http://partner': ['user-id'],
  },
};

describe('an egress policy', () => {
  test.each([
    ['http://orders:8080', 'lane=gray,user-id=ada'],
    ['https://shop.example', 'lane=gray'],
    ['http://upper.example', 'lane=gray'],
    ['https://a.shop.internal', 'lane=gray'],
    ['https://a.shop.example', 'lane=gray'],
    ['http://api-7.internal:9000', 'lane=gray'],
    [new URL('http://bücher.example').origin, 'lane=gray'],
    [new URL('https://a.bücher.example').origin, 'lane=gray'],
    ['http://[::1]:8080', 'lane=gray'],
    ['http://10.7.0.1', 'lane=gray'],
    ['http://10.1.0.7', 'lane=gray'],
    ['grpc://payments:50051', 'lane=gray'],
    ['kafka:orders.created', 'lane=gray'],
    ['http://partner', 'user-id=ada'],
  ])('sends to %s: %s', (destination, baggage) => {
    expect(emit(request(), egress, destination)).toBe(baggage);
  });

  test.each([
    'http://orders',
    'http://orders:80801',
    'https://orders:8080',
    'http://orders:8080.evil.example',
    'https://a.b.shop.internal',
    'https://shop.internal',
    'https://evil.example/.shop.internal',
    'https://evil.example:443.shop.internal',
    'https://a.shop.internal.evil.example',
    'https://a-shop.internal',
    'grpc://payments:50052',
    'kafka:orders',
    'kafka:orders.created.retry',
    'http://nothing',
    '',
  ])('sends nothing to %j', (destination) => {
    expect(emit(request(), egress, destination)).toBeUndefined();
  });

  test('counts what a destination may not see', () => {
    expect(counting(() => emit(request(), egress, 'http://partner'))).toEqual({ withheld: 1 });
    expect(counting(() => emit(request(), egress, 'http://stranger'))).toEqual({ withheld: 2 });
    expect(counting(() => emit(ROOT_CONTEXT, egress, 'http://stranger'))).toEqual({});
  });

  test('sends what code sets on the baggage of a request', () => {
    const edited = edit(request(), (baggage) => baggage.setEntry('user-id', { value: 'bob' }));
    expect(emit(edited, egress, 'http://orders:8080')).toBe('lane=gray,user-id=bob');
  });

  test('sends nothing that no ingress policy has admitted, and counts it once a request', () => {
    const plain = propagation.createBaggage({ 'user-id': { value: 'bob' }, lane: { value: 'gray' } });
    const stranger = propagation.setBaggage(ROOT_CONTEXT, plain);
    const calls = (): unknown[] => [emit(stranger, egress, 'http://orders:8080'), getLane(stranger)];
    expect(
      counting(() =>
        expect([...calls(), ...calls()]).toEqual([undefined, 'baseline', undefined, 'baseline']),
      ),
    ).toEqual({
      unadmitted: 1,
    });
  });

  test('sends nothing while tracing is suppressed', () => {
    expect(emit(suppressTracing(request()), egress, 'http://orders:8080')).toBeUndefined();
  });
});

describe('the lane of a request', () => {
  test('is sent although code has replaced or removed the baggage that holds it', () => {
    const replaced = propagation.setBaggage(
      request(),
      propagation.createBaggage({ lane: { value: 'blue' }, 'user-id': { value: 'bob' } }),
    );
    expect(emit(replaced, egress, 'http://orders:8080')).toBe('lane=gray,user-id=bob');
    const removed = edit(request(), (baggage) => baggage.removeEntry('lane'));
    expect(emit(removed, egress, 'http://orders:8080')).toBe('lane=gray,user-id=ada');
  });

  test('is not made by code that writes one into the baggage of an undyed request: that would be a leak', () => {
    const dyedByHand = edit(request(''), (baggage) => baggage.setEntry('lane', { value: 'gray' }));
    expect(counting(() => emit(dyedByHand, egress, 'http://orders:8080'))).toEqual({ leaked: 1 });
    expect(emit(dyedByHand, egress, 'http://orders:8080')).toBeUndefined();
  });

  test('has escaped where code has deleted the baggage, but not inside of a client that has sent it', () => {
    const lost = propagation.deleteBaggage(request());
    expect(counting(() => emit(lost, egress, 'http://orders:8080'))).toEqual({ escaped: 1 });
    expect(counting(() => emit(lost, egress, 'http://partner'))).toEqual({});
    expect(counting(() => emit(withoutBaggage(request()), egress, 'http://orders:8080'))).toEqual({});
    const undyed = propagation.deleteBaggage(request(''));
    expect(counting(() => emit(undyed, egress, 'http://orders:8080'))).toEqual({});
  });

  test('has escaped once, however many calls were made before it fell', () => {
    const late = request('');
    emit(late, egress, 'http://orders:8080');
    emit(late, egress, 'http://orders:8080');
    expect(counting(() => getCell(late)?.dye('baseline'))).toEqual({});
    emit(late, egress, 'http://orders:8080');
    expect(counting(() => getCell(late)?.dye('gray'))).toEqual({ escaped: 1 });
    expect(counting(() => getCell(late)?.dye('blue'))).toEqual({});
  });
});

function request(baggage = 'user-id=ada,lane=gray'): Context {
  return admit([baggage], { mode: 'accept', keys }, ROOT_CONTEXT);
}

function edit(otelContext: Context, change: (baggage: Baggage) => Baggage): Context {
  const baggage = propagation.getBaggage(otelContext);
  if (baggage === undefined) throw new Error('there is no baggage');
  return propagation.setBaggage(otelContext, change(baggage));
}

function counting(fn: () => unknown): Partial<Record<BaggageEvent, number>> {
  const before = baggageCounts();
  fn();
  const changed = Object.entries(baggageCounts()).map(
    ([event, times]) => [event, times - (before[event as BaggageEvent] ?? 0)] as const,
  );
  return Object.fromEntries(changed.filter(([, times]) => times !== 0));
}
