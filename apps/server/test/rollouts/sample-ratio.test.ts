import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin } from '../support/admin.ts';
import { exporterTo, type Exporter } from '../support/otlp.ts';
import { serveFolder, type Served } from '../support/serve.ts';

const bad = { 'http.response.status_code': '5..' };
const sli = { name: 'errors', service: 'shop', metric: 'http.server.request.duration', kind: 'errors', bad };

let served: Served;
let send: ReturnType<typeof admin>;
let shop: Exporter;

beforeAll(async () => {
  const actions = ['hold', 'pause', 'rollback'];
  const flags = actions.map((action) => {
    const variants = { baseline: 'baseline', [action]: action };
    return [`lane-${action}`, { state: 'ENABLED', variants, defaultVariant: 'baseline' }];
  });
  served = await serveFolder({ flags: Object.fromEntries(flags) as object });
  send = admin(served.url);
  shop = exporterTo(served.url);
});
afterAll(() => served.close());

test('units that are not assigned by the weights hold, pause or roll back, as the request says', async () => {
  await Promise.all([
    endsIn('hold', 'running'),
    endsIn('pause', 'paused'),
    endsIn('rollback', 'rolled_back'),
  ]);
}, 130_000);

/** Starts a rollout whose gray lane gets three units for each of control, none of which fails. */
async function endsIn(sampleRatio: string, state: string): Promise<void> {
  const lane = sampleRatio;
  const started = await send('POST', 'rollouts', {
    body: {
      flag: `lane-${lane}`,
      lane,
      unit: 'request',
      sameCodeLooks: 0,
      steps: [{ weight: 10, minSeconds: 100_000 }],
      guard: { mode: 'act', lookSeconds: 1, sampleRatio, slis: [sli] },
    },
  });
  expect(started.status).toBe(201);
  const path = `rollouts/${String(started.body['id'])}`;
  const why = expect.stringMatching(/^units are not assigned as expected: \d+ of \d+ are gray/);
  let sent = 0;
  await expect
    .poll(
      async () => {
        sent += 1;
        await report(lane, 30, sent);
        await report(`${lane}-control`, 10, sent);
        const { body } = await send('GET', path);
        const { because } = (body['verdict'] ?? {}) as { readonly because?: string };
        return [body['state'], because];
      },
      { timeout: 120_000, interval: 200 },
    )
    .toEqual([state, why]);
}

async function report(lane: string, requests: number, number: number): Promise<void> {
  const attributes = { lane, 'http.response.status_code': 200 };
  await shop.metrics('shop', [{ name: sli.metric, attributes, bounds: [1], counts: [requests, 0] }], lane);
  const spans = Array.from({ length: requests }, (_, index) => {
    const trace = `${number}.${index}.${lane}`;
    return { trace, id: `${index}`, kind: 'server', attributes: { lane } } as const;
  });
  await shop.spans('shop', spans);
}
