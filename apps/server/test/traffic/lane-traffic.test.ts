import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ExponentialData, MetricPoint } from '../../src/signals/metric-point.ts';
import { sourceOf } from '../../src/signals/source.ts';
import { durationsOf, quantileRange } from '../../src/traffic/lanes/durations.ts';
import { LaneTraffic } from '../../src/traffic/lanes/lane-traffic.ts';

const now = Date.UTC(2026, 0, 1);

function point(lane: string, service: string, counts: readonly number[], unit = 's'): MetricPoint {
  const count = counts.reduce((sum, one) => sum + one, 0);
  const bounds = counts.slice(1).map((_, at) => at + 1);
  return {
    source: sourceOf(new Map([['service.name', service]]), ''),
    name: 'http.server.request.duration',
    unit,
    attributes: new Map([['lane', lane]]),
    startMs: 0,
    timeMs: 1,
    data: { kind: 'histogram', temporality: 'delta', count, sum: undefined, bounds, counts },
  };
}

function received(points: readonly MetricPoint[], receivedAt = now) {
  return { environment: 'default', receivedAt, points };
}

describe('the traffic of lanes', () => {
  test('lasts five minutes', () => {
    const traffic = new LaneTraffic(0);
    traffic.receive(received([point('gray', 'gateway', [1, 0])]));
    traffic.receive(received([point('gray', 'gateway', [0, 2])], now + 100_000));
    const requests = (at: number): number => traffic.total('gray', at).requests;
    expect([requests(now + 100_000), requests(now + 350_000), requests(now + 450_000)]).toEqual([3, 2, 0]);
    expect(traffic.lanes(now + 450_000)).toEqual([]);
  });

  test('is bounded in lanes and services', () => {
    const traffic = new LaneTraffic(0);
    for (let n = 0; n < 500; n += 1) traffic.receive(received([point(`lane-${n}`, 'gateway', [1])]));
    expect(traffic.lanes(now)).toHaveLength(201);
    expect(traffic.total('other', now).requests).toBe(300);
    for (let n = 0; n < 2000; n += 1) traffic.receive(received([point('gray', `service-${n}`, [1])]));
    expect(traffic.total(undefined, now).requests).toBeLessThanOrEqual(500 + 1000);
  });

  test('has no latency of histograms with very many buckets, or in an unknown unit', () => {
    const traffic = new LaneTraffic(0);
    const many = Array.from({ length: 1000 }, () => 1);
    traffic.receive(received([point('gray', 'gateway', many), point('gray', 'gateway', [1, 1], 'By')]));
    expect(traffic.total('gray', now)).toEqual({ requests: 1002, errors: 0, durations: undefined });
  });

  test('reads milliseconds, and keeps the latency of the buckets that most requests have', () => {
    const traffic = new LaneTraffic(0);
    traffic.receive(received([point('gray', 'gateway', [1, 2, 0], 'ms'), point('gray', 'orders', [0, 1])]));
    expect(traffic.total('gray', now).durations).toEqual({ bounds: [0.001, 0.002], counts: [1, 2, 0] });
  });
});

test('a quantile lies in the range that its buckets allow', () => {
  const values = fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(
      values,
      fc.integer({ min: -1, max: 5 }),
      fc.constantFrom(0.5, 0.95),
      (all, scale, quantile) => {
        const range = quantileRange(durationsOf(exponential(all, scale), 1), quantile);
        const sorted = all.toSorted((a, b) => a - b);
        const value = sorted[Math.ceil(quantile * all.length) - 1] ?? 0;
        expect(range?.from).toBeLessThanOrEqual(value * (1 + 1e-9));
        expect(range?.to ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(value * (1 - 1e-9));
      },
    ),
  );
});

function exponential(all: readonly number[], scale: number): ExponentialData {
  const indexes = all.map((value) => Math.ceil(Math.log2(value) * 2 ** scale) - 1);
  const offset = Math.min(...indexes);
  const counts = Array.from({ length: Math.max(...indexes) - offset + 1 }, () => 0);
  for (const index of indexes) counts[index - offset] = (counts[index - offset] ?? 0) + 1;
  return {
    kind: 'exponential',
    temporality: 'delta',
    count: all.length,
    sum: undefined,
    scale,
    zeroCount: 0,
    zeroThreshold: 0,
    positive: { offset, counts },
    negative: { offset: 0, counts: [] },
  };
}
