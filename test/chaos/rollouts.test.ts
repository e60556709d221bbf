import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errorsSli, LaneTraffic } from '../support/lane-traffic.ts';
import { expectOnce, readRollout, type Rollout } from '../support/rollouts.ts';
import { ServerProcess } from '../support/server-process.ts';

const dyeRule = {
  state: 'ENABLED',
  variants: { baseline: 'baseline', gray: 'gray' },
  defaultVariant: 'baseline',
};
const request = {
  flag: 'lane',
  lane: 'gray',
  unit: 'request',
  sameCodeLooks: 0,
  steps: [{ weight: 5 }, { weight: 25 }, { weight: 50 }, { weight: 100 }],
  guard: { mode: 'act', lookSeconds: 1, minRequests: 0, promoteMargin: 3, slis: [errorsSli] },
};

let folder: string;
let server: ServerProcess;
let traffic: LaneTraffic;

beforeEach(async () => {
  folder = mkdtempSync(`${tmpdir()}/graylane-rollouts-`);
  server = await ServerProcess.startOn(folder);
  await send('PUT', 'flags/lane', dyeRule, { 'if-none-match': '*' });
  const healthy = { requests: 300, bad: 2 };
  traffic = new LaneTraffic(() => [server.url], 'gray', { gray: healthy, control: healthy });
});
afterEach(async () => {
  await traffic.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

async function send(method: string, path: string, body?: object, headers = {}): Promise<unknown> {
  const response = await fetch(`${server.url}/api/v1/environments/default/${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  return response.json();
}

/** Kills the server again and again, at any moment, and starts it again. */
async function killing(times: number): Promise<void> {
  for (let kill = 0; kill < times; kill += 1) {
    // From the middle of one look to the middle of another.
    await pause(200 + ((kill * 337) % 1500));
    await server.stop('SIGKILL');
    await server.start();
  }
}

describe('a server that is killed during a rollout', { timeout: 300_000 }, () => {
  test('makes each step once, and loses no look', async () => {
    const { id } = (await send('POST', 'rollouts', request)) as Rollout;
    await killing(10);
    await expect
      .poll(async () => (await readRollout(server.url, id))?.state, { timeout: 200_000 })
      .toBe('promoted');
    await expectOnce(server.url, id);
    const { acts } = (await readRollout(server.url, id)) as Rollout;
    expect(acts.map(({ kind }) => kind)).toEqual(['start', 'step', 'step', 'step', 'promote']);
  });

  test('rolls back once', async () => {
    traffic.gray = { requests: 300, bad: 60 };
    const { id } = (await send('POST', 'rollouts', request)) as Rollout;
    await killing(10);
    await expect
      .poll(async () => (await readRollout(server.url, id))?.state, { timeout: 200_000 })
      .toBe('rolled_back');
    await expectOnce(server.url, id);
    const { acts } = (await readRollout(server.url, id)) as Rollout;
    expect(acts.filter(({ kind }) => kind === 'rollback')).toHaveLength(1);
    expect(traffic.taken).toBeGreaterThan(0);
  });
});
