import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { prometheus, startPrometheus, type PrometheusServer } from '../components/services/prometheus.ts';
import { Shop } from '../support/shop.ts';
import { freePort } from '../support/supervised.ts';

const slis = [
  { name: 'payments latency', service: 'payments', metric: 'rpc.server.call.duration', kind: 'latency' },
  {
    name: 'payments errors',
    service: 'payments',
    metric: 'rpc.server.call.duration',
    kind: 'errors',
    bad: { 'error.type': '.+' },
  },
] as const;
const request = {
  flag: 'lane',
  lane: 'gray',
  unit: 'request',
  sameCodeLooks: 0,
  steps: [{ weight: 10 }, { weight: 50 }, { weight: 100 }],
  guard: { mode: 'act', lookSeconds: 1, minRequests: 20, slis },
};

/** The members of a rollout that this test reads. */
interface Rollout {
  readonly id: string;
  readonly state: string;
  readonly holds: readonly string[];
}

interface Details {
  readonly traces?: {
    readonly gray: ReadonlyArray<{ readonly hops?: ReadonlyArray<{ readonly service: string }> }>;
  };
  readonly runtime?: readonly object[];
}

interface Report {
  readonly rollout: Rollout;
  readonly series: ReadonlyArray<{ readonly robust: number; readonly threshold: number }>;
  readonly acts: ReadonlyArray<{
    readonly kind: string;
    readonly reason: string;
    readonly verdict?: {
      readonly action: string;
      readonly sampleRatio: {
        readonly evidence: number;
        readonly threshold: number;
        readonly assigned?: { readonly gray: number; readonly control: number };
      };
    };
    readonly carriers?: ReadonlyArray<{ readonly service: string }>;
    readonly details?: Details;
  }>;
}

const isScraped = await prometheus.available();
let scraper: PrometheusServer | undefined;
let shop: Shop;
/** Requests that ran in baseline, and how many of them failed. */
const baseline = { served: 0, failed: 0 };
const ending = new AbortController();
let load: Promise<unknown>;

beforeAll(async () => {
  const [port, paymentsPort] = [await freePort(), String(await freePort())];
  scraper = isScraped ? await startPrometheus('payments', [`127.0.0.1:${paymentsPort}`]) : undefined;
  shop = await Shop.open({
    ...(scraper && {
      GRAYLANE_PROMETHEUS: scraper.url,
      OTEL_METRICS_EXPORTER: 'otlp,prometheus',
      PAYMENTS_MANAGEMENT_PORT: paymentsPort,
    }),
    GRAYLANE_PORT: String(port),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_METRIC_EXPORT_INTERVAL: '500',
    OTEL_METRIC_EXPORT_TIMEOUT: '500',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  });
  load = Promise.all(Array.from({ length: 12 }, (_, client) => buy(client)));
});
afterAll(async () => {
  ending.abort();
  await load;
  await shop?.close();
  await scraper?.close();
});

/** A client that buys again and again. */
async function buy(client: number): Promise<void> {
  while (!ending.signal.aborted) {
    const answer = await fetch(`${shop.gateway}/checkout`, { headers: { 'x-user-id': `user-${client}` } });
    await answer.arrayBuffer();
    const lane = answer.headers.get('graylane-lane');
    if (lane !== 'gray') {
      baseline.served += 1;
      if (!answer.ok) baseline.failed += 1;
    }
    await pause(5);
  }
}

async function send(method: string, path: string, body?: object, headers = {}): Promise<unknown> {
  const response = await fetch(`${shop.flagServer}/api/v1/environments/default/${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  expect([path, response.status, answer]).toEqual([path, expect.toSatisfy((one) => one < 300), answer]);
  return answer;
}

/** Makes gray requests slow or failing in payments. */
async function setDefect(variant: 'none' | 'slow' | 'failing'): Promise<void> {
  const headers = { 'if-match': '*', 'content-type': 'application/merge-patch+json' };
  await send('PATCH', 'flags/payments-defect', { defaultVariant: variant }, headers);
}

/** Fails unless a rollout whose payments are defective in gray is rolled back, and explained. */
async function isRolledBack(defect: 'slow' | 'failing', source: object | 'otlp', reason: RegExp) {
  await setDefect(defect);
  const body = { ...request, guard: { ...request.guard, source } };
  const { id } = (await send('POST', 'rollouts', body)) as Rollout;
  await expect
    .poll(async () => ((await send('GET', `rollouts/${id}`)) as Rollout).state, {
      timeout: 240_000,
      interval: 500,
    })
    .toBe('rolled_back');
  const hasDetails = async (): Promise<boolean> =>
    ((await send('GET', `rollouts/${id}/report`)) as Report).acts.at(-1)?.details !== undefined;
  await expect.poll(hasDetails, { timeout: 60_000 }).toBe(true);
  const report = (await send('GET', `rollouts/${id}/report`)) as Report;
  const act = report.acts.at(-1);
  expect(act).toMatchObject({ kind: 'rollback', reason: expect.stringMatching(reason) });
  expect(act?.verdict?.action).toBe('rollback');
  expect(act?.carriers?.[0]?.service).toBe('payments');
  const hops = act?.details?.traces?.gray.flatMap((trace) => trace.hops ?? []);
  expect(hops).toContainEqual(expect.objectContaining({ service: 'payments' }));
  expect(act?.details?.runtime).toContainEqual(
    expect.objectContaining({ service: 'payments', name: 'nodejs.eventloop.delay.p99' }),
  );
  const { assigned, evidence = 0, threshold = 0 } = act?.verdict?.sampleRatio ?? {};
  expect(Math.min(assigned?.gray ?? 0, assigned?.control ?? 0)).toBeGreaterThan(0);
  expect(evidence).toBeLessThan(threshold);
  // It acted within one look of the one whose evidence crossed the threshold.
  const crossed = report.series.findIndex((point) => point.robust >= point.threshold);
  expect(crossed).toBeGreaterThanOrEqual(report.series.length - 2);
  await send('POST', `rollouts/${id}/finish`);
}

const defects = [
  ['slow', /payments latency: .* were slower than/],
  ['failing', /payments errors: .* were bad/],
] as const;

describe('a rollout of the shop under load', { timeout: 600_000 }, () => {
  test.each(defects)('is rolled back when payments is %s in gray', async (defect, reason) => {
    await isRolledBack(defect, 'otlp', reason);
  });

  test('did not affect requests in baseline', expectBaselineWell);
});

await describeWith(prometheus, 'a rollout of the shop that Prometheus measures', () => {
  test.each(defects)(
    'is rolled back when payments is %s in gray',
    { timeout: 600_000 },
    async (defect, reason) => {
      await isRolledBack(defect, { prometheus: scraper?.url }, reason);
    },
  );

  test('did not affect requests in baseline', expectBaselineWell);
});

function expectBaselineWell(): void {
  expect(baseline.served).toBeGreaterThan(100);
  expect(baseline.failed).toBe(0);
}
