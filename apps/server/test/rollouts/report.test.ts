import { describe, expect, test } from 'vitest';
import type { CountedLook, LookDetails, Part } from '../../src/rollouts/evidence/look-source.ts';
import { readDefinition } from '../../src/rollouts/definition/read-definition.ts';
import { afterLook } from '../../src/rollouts/process/after-look.ts';
import { addDistributions, type Distributions } from '../../src/rollouts/process/distributions.ts';
import { addParts, carriersOf } from '../../src/rollouts/process/parts.ts';
import type { RolloutRecord } from '../../src/rollouts/process/record.ts';
import { begin } from '../../src/rollouts/process/start.ts';
import { reportHtml } from '../../src/rollouts/report/html.ts';
import { distributionPlot, evidencePlot } from '../../src/rollouts/report/plots.ts';
import { reportOf } from '../../src/rollouts/report/report.ts';
import { dyeRule, request } from './rollout-requests.ts';

const start = Date.UTC(2027, 0, 29, 12);
const name = 'payments latency';

function part(change: Partial<Part>): Part {
  const counts = { requests: 100, bad: 0, seconds: 5 };
  return { sli: name, service: 'payments', gray: counts, control: counts, ...change };
}

/** A rollout that was rolled back for its latency. */
function rolledBack(): RolloutRecord {
  let record = begin({
    id: 'r1',
    definition: readDefinition({ ...request, unit: 'request', guard: { ...request.guard, mode: 'act' } }),
    defaultMode: 'act',
    original: dyeRule,
    earlier: undefined,
    seed: 'gray-1',
    now: start,
    author: 'ada <ada@shop.example>',
    reason: 'a & b',
  });
  const slow = part({ gray: { requests: 100, bad: 0, seconds: 80 }, instance: '<p1>', route: '/pay' });
  for (let look = 1; record.rollout.state !== 'rolled_back'; look += 1) {
    const at = start + look * 15_000;
    const histogram = (counts: number[]) => ({ kind: 'histogram', bounds: [0.1, 1], counts }) as const;
    const gray = histogram([40, 60 + (look % 3), 0]);
    const control = histogram([95, 5 + (look % 2), 0]);
    const counted: CountedLook = { at, slis: { [name]: { gray, control } } };
    record = afterLook(record, { look: counted, holds: [], parts: [slow, part({ instance: 'p2' })] }, at);
  }
  return record;
}

describe('the report of a rollout', () => {
  const record = rolledBack();
  const details: LookDetails = {
    traces: {
      gray: [
        {
          traceId: 'a'.repeat(32),
          service: 'payments',
          name: 'Charge',
          seconds: 0.8,
          failed: true,
          at: start,
          hops: [{ service: 'bank', name: 'POST /debit', seconds: 0.7, failed: false }],
        },
      ],
      control: [],
    },
    runtime: [
      { service: 'payments', instance: 'p1', name: 'nodejs.eventloop.delay.p99', unit: 's', value: 0.2 },
    ],
    lastDays: [{ sli: name, at: start - 86_400_000, requests: 1000, badRatio: 0.01, p95: 0.2 }],
  };
  const last = record.acts.at(-1)?.move ?? 0;
  const report = reportOf(record, {
    environment: 'default',
    now: start,
    revisions: [],
    details: new Map([[last, details]]),
  });

  test('names who carried the difference, and has both distributions', () => {
    expect(report.carriers).toMatchObject([{ service: 'payments', instance: '<p1>', route: '/pay' }]);
    const { [name]: shown } = report.distributions;
    expect(shown).toMatchObject({ kind: 'latency', bounds: [0.1, 1] });
    expect(report.series.at(-1)?.robust).toBeGreaterThanOrEqual(report.series.at(-1)?.threshold ?? 0);
    expect(report.acts.at(-1)).toMatchObject({ kind: 'rollback', details });
  });

  test('explains how to send traces and signals of the runtime if there are none', () => {
    const none = reportOf(record, {
      environment: 'default',
      now: start,
      revisions: [],
      details: new Map([[last, { traces: { gray: [], control: [] }, missing: ['one'] }]]),
    });
    expect(none.acts.at(-1)?.details?.missing).toEqual([
      expect.stringMatching(/^no traces of the lanes gray and gray-control .*OTEL_TRACES_EXPORTER=otlp/),
      expect.stringMatching(/^no signals of the runtime .*instrumentation-runtime-node/),
      'one',
    ]);
    expect(reportHtml(none)).toContain('OTEL_TRACES_EXPORTER=otlp');
  });

  test('is a page of its own, with plots, and shows nothing unescaped', () => {
    const html = reportHtml(report);
    expect(html.match(/<svg /g)).toHaveLength(2);
    for (const shown of [
      'Rollout r1 of gray: rolled back',
      '&#60;p1&#62;',
      'a &#38; b',
      'ada &#60;ada@shop.example&#62;',
      'payments Charge 800.0 ms failed, bank POST /debit 700.0 ms',
      'nodejs.eventloop.delay.p99',
      'a'.repeat(32),
      'The same hour of the last days',
    ]) {
      expect(html).toContain(shown);
    }
    expect(html).not.toMatch(/<script|<p1>| on\w+=|src=|href=|NaN|undefined/);
  });
});

describe('plots', () => {
  test('keep all points within their area', () => {
    const record = rolledBack();
    const svg = evidencePlot(record.watch.series);
    const points = [...svg.matchAll(/points="([^"]+)"/g)].flatMap(([, all = '']) => all.split(' '));
    expect(points.length).toBeGreaterThan(20);
    for (const [x = -1, y = -1] of points.map((one) => one.split(',').map(Number))) {
      expect(x >= 0 && x <= 720 && y >= 0 && y <= 220).toBe(true);
    }
  });

  test('show a share of bad requests, and none', () => {
    const bad = { kind: 'errors', gray: { bad: 3, total: 100 }, control: { bad: 0, total: 0 } } as const;
    const svg = distributionPlot('<errors>', bad);
    expect(svg).toContain('gray: 3 of 100 (3 %)');
    expect(svg).toContain('control: 0 of 0');
    expect(svg).toContain('&#60;errors&#62;');
    expect(svg).not.toContain('NaN');
    expect(evidencePlot([])).toContain('no look yet');
  });
});

describe('distributions', () => {
  const histogram = (bounds: number[], counts: number[]) => ({ kind: 'histogram', bounds, counts }) as const;

  test('add up, and begin anew with other buckets', () => {
    const one = histogram([0.1, 1], [1, 2, 3]);
    const first = addDistributions(undefined, { gray: one, control: one });
    const second = addDistributions(first, { gray: one, control: histogram([0.1, 1], [0, 0, 1]) });
    expect(second).toEqual({ kind: 'latency', bounds: [0.1, 1], gray: [2, 4, 6], control: [1, 2, 4] });
    const other = histogram([0.5], [7, 0]);
    expect(addDistributions(second, { gray: other, control: other })).toMatchObject({
      bounds: [0.5],
      gray: [7, 0],
    });
  });

  test('show exponential buckets of any scale at the same boundaries, without losing a request', () => {
    const at = (scale: number, offset: number, counts: number[]) =>
      ({ kind: 'exponential', scale, zero: 2, zeroThreshold: 0, offset, counts }) as const;
    // Both hold requests of 0.5 to 1 s: one bucket at the scale 0, four at the scale 2.
    const shown = addDistributions(undefined, { gray: at(0, -1, [8]), control: at(2, -4, [2, 2, 2, 2]) });
    const { bounds, gray, control } = shown as Extract<Distributions, { kind: 'latency' }>;
    for (const counts of [gray, control]) expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10);
    const upTo = (counts: readonly number[], limit: number): number =>
      counts
        .filter((_, index) => (bounds[index] ?? Infinity) <= limit)
        .reduce((sum, count) => sum + count, 0);
    expect([upTo(gray, 0.5), upTo(control, 0.5)]).toEqual([2, 2]);
    expect([upTo(gray, 1), upTo(control, 1)]).toEqual([10, 10]);
    expect(upTo(control, 0.71)).toBe(6);
  });
});

describe('parts', () => {
  test('add up by service, route and instance, and are bounded', () => {
    const sum = addParts(addParts([], [part({ instance: 'p1' })]), [
      part({ instance: 'p1' }),
      part({ instance: 'p2' }),
    ]);
    expect(sum.map(({ instance, gray }) => [instance, gray.requests])).toEqual([
      ['p1', 200],
      ['p2', 100],
    ]);
    const many = Array.from({ length: 200 }, (_, index) =>
      part({ instance: `p${index}`, gray: { requests: index, bad: 0, seconds: 0 } }),
    );
    const kept = addParts([], many);
    expect(kept).toHaveLength(60);
    expect(kept[0]?.instance).toBe('p199');
  });

  test('carry a difference by what gray has more than control, of the SLI', () => {
    const bad = part({ service: 'payments', gray: { requests: 100, bad: 30, seconds: 5 } });
    const slow = part({ service: 'orders', gray: { requests: 100, bad: 0, seconds: 9 } });
    const better = part({ service: 'ledger', gray: { requests: 100, bad: 0, seconds: 1 } });
    const other = part({ sli: 'other', gray: { requests: 100, bad: 90, seconds: 1 } });
    const carriers = carriersOf([slow, better, other, bad], name);
    expect(carriers.map(({ service }) => service)).toEqual(['payments', 'orders']);
  });
});
