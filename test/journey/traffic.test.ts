import { afterAll, beforeAll, expect, test } from 'vitest';
import { grayHeaders, Shop, type Checkout } from '../support/shop.ts';

// The shop's services export by the SDK's own exporters, in protobuf.
let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open({
    GRAYLANE_DEMO_TELEMETRY: 'on',
    OTEL_METRIC_EXPORT_INTERVAL: '500',
    OTEL_METRIC_EXPORT_TIMEOUT: '500',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
});
afterAll(async () => shop?.close());

const patience = { timeout: 120_000, interval: 500 };

async function get(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${shop.flagServer}/api/v1/environments/default/${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

test('the flag server shows the lanes, the map and the usage of flags of the shop', async () => {
  let gray: Checkout | undefined;
  for (let n = 0; n < 10; n += 1) await shop.checkout();
  for (let n = 0; n < 5; n += 1) gray = await shop.checkout(grayHeaders);
  expect(gray?.lane).toBe('gray');

  const services = ['gateway', 'orders', 'payments'].map((service) => expect.objectContaining({ service }));
  const laneOf = async (name: string): Promise<unknown> =>
    ((await get('lanes'))['lanes'] as Array<{ lane: string }>).find(({ lane }) => lane === name);
  await expect
    .poll(() => laneOf('gray'), patience)
    .toMatchObject({
      requests: 15,
      errors: { count: 0 },
      latency: { p95: { from: expect.any(Number) } },
      rules: [{ flag: 'lane', condition: expect.stringContaining('tenant') }],
      services: expect.arrayContaining(services),
      beside: { lane: 'baseline', requests: 30 },
      escaped: 0,
      leaked: 0,
    });

  const lanes = { baseline: 10, gray: 5 };
  const edge = { isExternal: false, calls: 15, lanes, escaped: 0, leaked: 0, fallback: 0 };
  await expect
    .poll(async () => (await get('map'))['edges'], patience)
    .toEqual(
      expect.arrayContaining([
        expect.objectContaining({ from: 'gateway', to: 'orders', transport: 'http', ...edge }),
        expect.objectContaining({ from: 'orders', to: 'payments', transport: 'grpc', ...edge }),
      ]),
    );
  const { traces } = await get(`map?trace=${gray?.traceId}`);
  const [trace] = traces as Array<{ hops: Array<Record<string, unknown>> }>;
  expect(trace?.hops.filter(({ kind }) => kind === 'server')).toMatchObject([
    { service: 'gateway', lane: 'gray', dyed: true, lapse: null },
    { service: 'orders', lane: 'gray', dyed: false, lapse: null },
    { service: 'payments', lane: 'gray', dyed: false, lapse: null },
  ]);

  await expect
    .poll(async () => get('flags/lane/usage'), patience)
    .toMatchObject({
      evaluations: 15,
      services: [{ service: 'gateway' }],
      variants: expect.arrayContaining([
        expect.objectContaining({ variant: 'gray', evaluations: 5 }),
        expect.objectContaining({ variant: 'baseline', evaluations: 10 }),
      ]),
    });
  await expect
    .poll(async () => (await get('flags/payment-new-fee-calculation/usage'))['services'], patience)
    .toContainEqual(expect.objectContaining({ service: 'payments', evaluations: 15 }));
});
