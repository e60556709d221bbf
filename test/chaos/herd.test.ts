import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { reconnectSpreadMs, waitWithin } from '../../apps/server/src/sse/reconnect-delay.ts';
import { followStream } from '../../apps/server/test/support/follow.ts';
import { backoff } from '../../packages/source/src/url/backoff.ts';
import type { HerdReport } from '../support/herd.ts';
import { randomFrom } from '../support/mutate.ts';
import { ServerProcess } from '../support/server-process.ts';

const herdScript = fileURLToPath(new URL('../support/herd.ts', import.meta.url));

/** How many clients reconnect together. `GRAYLANE_CHAOS_CLIENTS=5000` for the long run. */
const herd = Number(process.env['GRAYLANE_CHAOS_CLIENTS'] ?? 1000);
const patience = { timeout: 100_000, interval: 100 };

/** How many may knock within a tenth of a second. */
const crowd = 200;

/**
 * The waits of a client that got a spread for the reconnects: one after each failure.
 */
type Waiting = (spreadMs: number, random: () => number) => (failures: number) => number;
const providers: Waiting = (spreadMs, random) => (failures) => backoff(failures, { spreadMs }, random);
const eventSources: Waiting = (spreadMs, random) => {
  const told = waitWithin(spreadMs, random);
  return () => told;
};

test.each([
  ["graylane's providers", providers],
  ['EventSources', eventSources],
])('however long the server is away and however many they are, %s never crowd', (_who, waiting) => {
  for (const count of [100, 250, 1000, 5000, 30_000]) {
    const spreadMs = reconnectSpreadMs(count);
    const random = randomFrom(count);
    const knocks: number[] = [];
    for (let client = 0; client < count; client += 1) {
      const next = waiting(spreadMs, random);
      // As no attempt succeeds, more of them are counted than there are whenever the server is
      // back.
      for (let [time, failures] = [0, 0]; time < 3 * spreadMs; failures += 1) {
        time += next(failures);
        knocks.push(time);
      }
      // No client stays away for longer than the spread, and so much is acceptable.
      expect(next(0)).toBeLessThanOrEqual(spreadMs);
    }
    expect(busiest(knocks, 100), `of ${count}`).toBeLessThanOrEqual(crowd);
  }
  expect(reconnectSpreadMs(5000)).toBeLessThanOrEqual(10_000);
});

test(`${herd} clients that lose their server come back spread out, every one, and have the newest rules`, async () => {
  const server = await ServerProcess.start(rules('v1'));
  const clients = fork(herdScript, [server.url, String(herd)], {
    execArgv: ['--conditions=@graylane/source', '--import', 'tsx'],
  });
  const report = async (version: string): Promise<HerdReport> => {
    clients.send(version);
    return (await once(clients, 'message'))[0] as HerdReport;
  };
  try {
    await once(clients, 'message');
    // Heartbeats report the number of clients; when the newest one has had two, each has had one.
    const last = await followStream(`${server.url}/api/v1/environments/default/stream?heartbeat=1`);
    const beats = (): number => last.all.filter(({ retry }) => retry === reconnectSpreadMs(herd + 1)).length;
    await expect.poll(beats, patience).toBeGreaterThanOrEqual(3);
    last.close();
    const { knocks: earlier } = await report('v1');
    const knocks = async (): Promise<readonly number[]> => (await report('v1')).knocks.slice(earlier.length);
    await server.stop('SIGKILL');
    // Long enough that they crowd as much as they ever do.
    await expect.poll(async () => (await knocks()).length, patience).toBeGreaterThan(2 * herd);
    server.write(rules('v2'));
    await server.start();
    await expect.poll(async () => (await report('v2')).current, patience).toBe(herd);
    // When they meant to knock: when they did is up to a busy machine.
    expect(busiest(await knocks(), 100)).toBeLessThanOrEqual(crowd);
  } finally {
    clients.disconnect();
    await once(clients, 'exit');
    await server.close();
  }
});

/** The most moments within a window of so many milliseconds. */
function busiest(moments: readonly number[], windowMs: number): number {
  const sorted = moments.toSorted((one, other) => one - other);
  let [most, first] = [0, 0];
  for (const [last, moment] of sorted.entries()) {
    while (moment - (sorted[first] ?? moment) > windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function rules(version: string): object {
  return { flags: { version: { state: 'ENABLED', variants: { now: version }, defaultVariant: 'now' } } };
}
