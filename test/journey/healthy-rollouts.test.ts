import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { prometheus, startPrometheus, type PrometheusServer } from '../components/services/prometheus.ts';
import { errorsSli, LaneTraffic, type ArmTraffic } from '../support/lane-traffic.ts';
import { readRollout, type Rollout } from '../support/rollouts.ts';
import { ServerProcess } from '../support/server-process.ts';

/**
 * How many healthy rollouts run at one time, half of them by Prometheus; `GRAYLANE_ROLLOUTS=20` for
 * the long run.
 */
const rollouts = Number(process.env['GRAYLANE_ROLLOUTS'] ?? 4);
/** Looks of each, A/A looks included. */
const looks = 45;
const aaLooks = 20;

const isScraped = await prometheus.available();
let folder: string;
let server: ServerProcess;
let scraper: PrometheusServer | undefined;
let metrics: Server;
const traffic: LaneTraffic[] = [];
/** The rollouts that run, by where their counts come from. */
const running: { readonly otlp: string[]; readonly prometheus: string[] } = { otlp: [], prometheus: [] };

beforeAll(async () => {
  folder = mkdtempSync(`${tmpdir()}/graylane-healthy-`);
  metrics = createServer((_request, response) => {
    response.end(traffic.map((one) => one.exposition()).join(''));
  });
  await once(metrics.listen(0, '127.0.0.1'), 'listening');
  const { port } = metrics.address() as AddressInfo;
  scraper = isScraped ? await startPrometheus('payments', [`127.0.0.1:${port}`]) : undefined;
  const options = scraper ? { env: { GRAYLANE_PROMETHEUS: scraper.url } } : {};
  server = await ServerProcess.startOn(folder, options);
  const each = Array.from({ length: rollouts }, (_, index) => index);
  await Promise.all(each.map((index) => begin(index, index >= rollouts / 2 ? scraper : undefined)));
}, 120_000);
afterAll(async () => {
  await Promise.all(traffic.map((one) => one.close()));
  await server?.close();
  await scraper?.close();
  metrics?.closeAllConnections();
  metrics?.close();
  rmSync(folder, { recursive: true });
});

async function send(method: string, path: string, body: object, headers = {}): Promise<unknown> {
  const response = await fetch(`${server.url}/api/v1/environments/default/${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  expect([path, response.status]).toEqual([path, 201]);
  return response.json();
}

/** A number with the mean 0 and the deviation 1. */
function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

/** Noisy requests of an arm: their number and the share that fails vary from report to report. */
function noisy(badRatio: number): ArmTraffic {
  const requests = 20 + Math.floor(Math.random() * 20);
  const ratio = Math.min(1, badRatio * Math.exp(0.1 * normal()));
  const bad = Array.from({ length: requests }, () => Math.random()).filter((one) => one < ratio).length;
  return { requests, bad };
}

/** The requests of ten tenants that stay in an arm; each fails at a rate of its own. */
function tenants(): () => ArmTraffic {
  const ratios = Array.from({ length: 10 }, () => 0.05 * Math.exp(0.5 * normal()));
  return () => noisy(ratios[Math.floor(Math.random() * ratios.length)] ?? 0.05);
}

/** Starts a rollout and its traffic; every second one has tenants that differ. */
async function begin(index: number, from: PrometheusServer | undefined): Promise<void> {
  const [lane, isSticky] = [`gray-${index}`, index % 2 === 1];
  const variants = { baseline: 'baseline', [lane]: lane };
  const rule = { state: 'ENABLED', variants, defaultVariant: 'baseline' };
  await send('PUT', `flags/lane-${index}`, rule, { 'if-none-match': '*' });
  const arms = isSticky
    ? { gray: tenants(), control: tenants() }
    : { gray: () => noisy(0.05), control: () => noisy(0.05) };
  traffic.push(new LaneTraffic(() => (from ? [] : [server.url]), lane, arms));
  const { id } = (await send('POST', 'rollouts', {
    flag: `lane-${index}`,
    lane,
    unit: isSticky ? 'tenant' : 'request',
    sameCodeLooks: isSticky ? aaLooks : 0,
    // It stays at its first step, so that all looks are judged.
    steps: [{ weight: 50, minSeconds: 1_000_000 }],
    guard: {
      mode: 'act',
      // At .05, one of twenty healthy rollouts may be rolled back, and this test must not fail.
      alpha: 0.001,
      lookSeconds: 1,
      slis: [errorsSli],
      source: from ? { prometheus: from.url } : 'otlp',
    },
  })) as Rollout;
  running[from ? 'prometheus' : 'otlp'].push(id);
}

/** Fails if one of these rollouts is rolled back, or has not judged its release. */
async function stayHealthy(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await expect
      .poll(async () => (await readRollout(server.url, id))?.looks, { timeout: 500_000, interval: 1000 })
      .toBeGreaterThanOrEqual(looks);
  }
  const ended = await Promise.all(ids.map((id) => readRollout(server.url, id)));
  expect(ended.map((rollout) => rollout?.acts.filter(({ kind }) => kind === 'rollback'))).toEqual(
    ids.map(() => []),
  );
  for (const rollout of ended) expect(rollout?.verdict?.looks).toBeGreaterThan(10);
}

test(
  'healthy rollouts under noisy load are not rolled back, tenants that differ included',
  { timeout: 600_000 },
  async () => {
    expect(running.otlp.length + running.prometheus.length).toBe(rollouts);
    await stayHealthy(running.otlp);
  },
);

await describeWith(prometheus, 'where their counts come from Prometheus', () => {
  test('healthy rollouts are not rolled back either', { timeout: 600_000 }, async () => {
    expect(running.prometheus).toHaveLength(Math.floor(rollouts / 2));
    await stayHealthy(running.prometheus);
  });
});
