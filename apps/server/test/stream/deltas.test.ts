import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Deltas, type DeltaResult } from '../../src/signals/deltas.ts';
import { atScale } from '../../src/signals/exponential.ts';
import type {
  ExponentialData,
  HistogramData,
  MetricPoint,
  PointData,
} from '../../src/signals/metric-point.ts';
import { seriesKey } from '../../src/signals/series-key.ts';
import { sourceOf } from '../../src/signals/source.ts';

const source = sourceOf(new Map([['service.name', 'payments']]), 'shop');

function point(data: PointData, members: Partial<MetricPoint> = {}): MetricPoint {
  const attributes = new Map([['lane', 'gray']]);
  return { source, name: 'latency', unit: 's', attributes, startMs: 10, timeMs: 20, data, ...members };
}

function sum(value: number, members: Partial<MetricPoint> = {}, monotonic = true): MetricPoint {
  return point({ kind: 'sum', temporality: 'cumulative', monotonic, value }, members);
}

function histogram(counts: number[], members: Partial<MetricPoint> = {}, bounds = [1, 2]): MetricPoint {
  const count = counts.reduce((total, one) => total + one, 0);
  return point({ kind: 'histogram', temporality: 'cumulative', count, sum: count, bounds, counts }, members);
}

const exponential: ExponentialData = {
  kind: 'exponential',
  temporality: 'cumulative',
  count: 0,
  sum: 0,
  scale: 0,
  zeroCount: 0,
  zeroThreshold: 0,
  positive: { offset: 0, counts: [] },
  negative: { offset: 0, counts: [] },
};

function dataOf(result: DeltaResult): PointData | string {
  return 'delta' in result ? result.delta.data : result.skipped;
}

describe('cumulative points', () => {
  test('count since the one before, from its time on', () => {
    const deltas = new Deltas();
    expect(deltas.add(sum(5))).toEqual({ skipped: 'first' });
    const result = deltas.add(sum(8, { timeMs: 30 }));
    expect(result).toMatchObject({
      delta: { startMs: 20, timeMs: 30, data: { temporality: 'delta', value: 3 } },
    });
    expect(dataOf(deltas.add(histogram([1, 2, 3])))).toBe('first');
    expect(dataOf(deltas.add(histogram([1, 3, 5], { timeMs: 30 })))).toMatchObject({
      count: 3,
      sum: 3,
      counts: [0, 1, 2],
      temporality: 'delta',
    });
  });

  test('that restart from zero count as they are', () => {
    const deltas = new Deltas();
    deltas.add(histogram([5, 5, 5]));
    const restarted = deltas.add(histogram([1, 0, 9], { startMs: 25, timeMs: 30 }));
    expect(restarted).toMatchObject({ delta: { startMs: 25, data: { counts: [1, 0, 9] } } });
    expect(dataOf(deltas.add(histogram([1, 1, 9], { startMs: 25, timeMs: 40 })))).toMatchObject({ count: 1 });
  });

  test('count from the first one on, if their series began late enough', () => {
    const deltas = new Deltas({ since: 15 });
    expect(dataOf(deltas.add(sum(5, { startMs: 15 })))).toBe('first');
    expect(dataOf(deltas.add(sum(5, { name: 'other', startMs: 16 })))).toMatchObject({ value: 5 });
  });

  test.each([
    ['an older point', 'stale', sum(5), sum(6, { timeMs: 19 }), undefined],
    ['the same point again', 'stale', sum(5), sum(5), undefined],
    ['a sum that has sunk', 'sunk', sum(5), sum(4, { timeMs: 30 }), { value: 1 }],
    [
      'one bucket that has sunk',
      'sunk',
      histogram([1, 5, 1]),
      histogram([4, 4, 1], { timeMs: 30 }),
      undefined,
    ],
    [
      'other bounds',
      'changed',
      histogram([1, 5, 1]),
      histogram([2, 6, 2], { timeMs: 30 }, [1, 3]),
      undefined,
    ],
  ])('%s: %s', (_what, skipped, first, second, next) => {
    const deltas = new Deltas();
    deltas.add(first);
    expect(deltas.add(second)).toEqual({ skipped });
    if (next !== undefined) expect(dataOf(deltas.add(sum(5, { timeMs: 40 })))).toMatchObject(next);
  });

  test('of a sum that goes up and down may sink', () => {
    const deltas = new Deltas();
    deltas.add(sum(5, {}, false));
    expect(dataOf(deltas.add(sum(3, { timeMs: 30 }, false)))).toMatchObject({ value: -2 });
  });

  test('are bounded in series, and old ones are forgotten', () => {
    const deltas = new Deltas({ maxSeries: 2 });
    const named = (name: string, timeMs: number): PointData | string =>
      dataOf(deltas.add(sum(1, { name, timeMs })));
    expect([named('a', 20), named('b', 30), named('c', 30)]).toEqual(['first', 'first', 'crowded']);
    deltas.forget(25);
    expect([deltas.size, named('c', 40), named('b', 40)]).toEqual([1, 'first', expect.anything()]);
  });
});

test('deltas pass as they are, and gauges do not count', () => {
  const deltas = new Deltas();
  const delta = point({ kind: 'sum', temporality: 'delta', monotonic: true, value: 5 });
  expect(deltas.add(delta)).toEqual({ delta });
  expect(deltas.add(point({ kind: 'gauge', value: 1 }))).toEqual({ skipped: 'gauge' });
  expect(deltas.size).toBe(0);
});

describe('exponential histograms', () => {
  const values = fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { maxLength: 30 });
  const scales = fc.integer({ min: -2, max: 6 });

  test('at a coarser scale are those of the same values', () => {
    fc.assert(
      fc.property(values, scales, fc.nat(4), (all, scale, steps) => {
        const coarser = atScale(recorded(all, scale), scale - steps);
        expect(filled(coarser)).toEqual(filled(recorded(all, scale - steps)));
      }),
    );
  });

  test('count since the one before, also if the scale was lowered meanwhile', () => {
    fc.assert(
      fc.property(values, values, scales, fc.nat(3), (before, after, scale, steps) => {
        const deltas = new Deltas();
        deltas.add(point(recorded(before, scale)));
        const data = dataOf(
          deltas.add(point(recorded([...before, ...after], scale - steps), { timeMs: 30 })),
        );
        expect(filled(data as ExponentialData)).toEqual(filled(recorded(after, scale - steps)));
        expect(data).toMatchObject({ count: after.length, temporality: 'delta' });
      }),
    );
  });

  test.each([
    ['a finer scale', 'changed', { scale: 1 }],
    ['another zero threshold', 'changed', { zeroThreshold: 0.1 }],
    ['fewer zeros', 'sunk', { zeroCount: -1 }],
    ['a bucket that is gone', 'sunk', { positive: { offset: 9, counts: [2] } }],
  ])('%s: %s', (_what, skipped, members) => {
    const deltas = new Deltas();
    deltas.add(point({ ...exponential, count: 2, positive: { offset: 3, counts: [2] } }));
    expect(deltas.add(point({ ...exponential, count: 2, ...members }, { timeMs: 30 }))).toEqual({ skipped });
  });
});

/** An exponential histogram of these values. */
function recorded(all: readonly number[], scale: number): ExponentialData {
  const indexes = all.map((value) => Math.ceil(Math.log2(value) * 2 ** scale) - 1);
  const offset = Math.min(...indexes, 0);
  const counts = Array.from({ length: Math.max(...indexes, 0) - offset + 1 }, () => 0);
  for (const index of indexes) counts[index - offset] = (counts[index - offset] ?? 0) + 1;
  return { ...exponential, count: all.length, scale, positive: { offset, counts } };
}

function filled({ positive }: ExponentialData): Array<readonly [number, number]> {
  const buckets = positive.counts.map((count, at) => [positive.offset + at, count] as const);
  return buckets.filter(([, count]) => count > 0);
}

test('a series is its resource, scope, metric and attributes, in any order', () => {
  const [a, b] = [['a', 1] as const, ['b', 'x'] as const];
  const key = (members: Partial<MetricPoint>): string => seriesKey(sum(1, members));
  expect(key({ attributes: new Map<string, string | number>([a, b]) })).toBe(
    key({ attributes: new Map<string, string | number>([b, a]), timeMs: 99, startMs: 1 }),
  );
  const keys = [
    key({}),
    key({ name: 'other' }),
    key({ unit: 'ms' }),
    key({ attributes: new Map([['lane', 'team-a']]) }),
    key({ attributes: new Map([['lane', '1']]) }),
    key({ attributes: new Map([['lane', 1]]) }),
    key({ source: sourceOf(new Map([['service.name', 'orders']]), 'shop') }),
    key({ source: sourceOf(new Map([['service.name', 'payments']]), 'other') }),
    seriesKey(histogram([1, 1, 1])),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  const data: HistogramData = { ...(histogram([1, 1, 1]).data as HistogramData), temporality: 'delta' };
  expect(seriesKey(point(data))).toBe(seriesKey(histogram([2, 2, 2])));
});
