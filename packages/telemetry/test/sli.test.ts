import { runInLane } from '@graylane/baggage';
import { cacheHitRatio, instrumentLanes, sli } from '@graylane/telemetry';
import { describe, expect, test } from 'vitest';
import { exposition } from '../src/metrics/exposition.ts';
import { processRegistry } from '../src/metrics/process-registry.ts';
import { CoveredRoutes } from '../src/sli/covered-routes.ts';

instrumentLanes({ lanes: ['gray'] });

const metrics = (): string => exposition(processRegistry().collect(), 'prometheus');

describe('a ratio', () => {
  test('counts successes and failures by the lane of the request', async () => {
    const payment = sli('payment', { kind: 'ratio', objective: 0.999 });
    payment.success();
    runInLane('gray', () => {
      payment.failure();
    });
    expect(await runInLane('gray', () => payment.measure(async () => Promise.resolve(7)))).toBe(7);
    expect(payment.measure(() => 8)).toBe(8);
    await expect(payment.measure(async () => Promise.reject(new Error('declined')))).rejects.toThrow(
      'declined',
    );
    expect(() =>
      payment.measure(() => {
        throw new Error('sync');
      }),
    ).toThrow('sync');
    const count = (outcome: string, lane: string): string =>
      `sli_events_total{sli="payment",outcome="${outcome}",lane="${lane}"}`;
    expect(metrics()).toContain(`${count('success', 'baseline')} 2\n`);
    expect(metrics()).toContain(`${count('success', 'gray')} 1\n`);
    expect(metrics()).toContain(`${count('failure', 'gray')} 1\n`);
    expect(metrics()).toContain(`${count('failure', 'baseline')} 2\n`);
  });

  test('of a cache has hits and misses', () => {
    const { hit, miss } = cacheHitRatio('prices');
    hit();
    hit();
    miss();
    expect(metrics()).toContain('sli_events_total{sli="prices",outcome="success",lane="baseline"} 2\n');
    expect(metrics()).toContain('sli_events_total{sli="prices",outcome="failure",lane="baseline"} 1\n');
  });
});

describe('a latency', () => {
  test('is a histogram by lane', async () => {
    const search = sli('search', { kind: 'latency', thresholdSeconds: 0.3 });
    runInLane('gray', () => {
      search.record(0.25);
    });
    await search.measure(async () => Promise.resolve());
    expect(metrics()).toContain('sli_duration_seconds_count{sli="search",lane="gray"} 1\n');
    expect(metrics()).toContain('sli_duration_seconds_sum{sli="search",lane="gray"} 0.25\n');
    expect(metrics()).toContain('sli_duration_seconds_count{sli="search",lane="baseline"} 1\n');
  });
});

describe('a declaration', () => {
  test('may be repeated, but not with other options', () => {
    sli('twice', { kind: 'ratio' });
    sli('twice', { kind: 'ratio' });
    expect(() => sli('twice', { kind: 'ratio', objective: 0.9 })).toThrow(
      'declared twice, with different options',
    );
  });

  test.each([0, 1, 99.9, Number.NaN])('has no objective of %d', (objective) => {
    expect(() => sli('wrong', { kind: 'ratio', objective })).toThrow('must be between 0 and 1');
  });
});

describe('a route of a running service', () => {
  const covered = new CoveredRoutes([
    'GET /orders/:id',
    '* /health',
    'Payments/charge',
    'LedgerService/record',
  ]);

  test.each([
    ['GET /orders/:id', true],
    ['HEAD /orders/:id', true],
    ['POST /orders/:id', false],
    ['POST /health', true],
    ['GET /', false],
    ['graylane.demo.Payments/Charge', true],
    ['graylane.demo.Payments/Refund', false],
    ['shop.Ledger/Record', true],
    ['Payments/Charge', true],
  ])('%s is covered by what the source names: %s', (route, isCovered) => {
    expect(covered.has(route)).toBe(isCovered);
  });
});
