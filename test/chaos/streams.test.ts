import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { followStream } from '../../apps/server/test/support/follow.ts';
import type { HerdReport } from '../support/herd.ts';
import { openRawStream, type RawStream } from '../support/raw-stream.ts';
import { ServerProcess } from '../support/server-process.ts';

const herdScript = fileURLToPath(new URL('../support/herd.ts', import.meta.url));

/** How many clients reconnect together. `GRAYLANE_CHAOS_CLIENTS=5000` for the long run. */
const herd = Number(process.env['GRAYLANE_CHAOS_CLIENTS'] ?? 1000);
const patience = { timeout: 60_000, interval: 50 };
/** What the server tells so many: to come back one a millisecond, within half a second at least. */
const spreadHint = `retry: ${Math.max(herd, 500)}\n`;

let server: ServerProcess;
let open: RawStream[] = [];

afterEach(async () => {
  for (const { socket } of open) socket.destroy();
  open = [];
  await server.close();
});

describe('a server that runs out of file descriptors', () => {
  test('turns streams away before it does, says so, answers short requests, and recovers', async () => {
    server = await ServerProcess.start(rules('v1'), { openFiles: 256 });
    // One after another, until there is no room; then a crowd, most of which the server hangs up on.
    while (open.every(({ status }) => status === 200)) {
      open.push(await openRawStream(server.port, { reads: true }));
    }
    expect(open.length).toBeGreaterThan(100);
    expect(open.at(-1)?.status).toBe(503);
    open.push(
      ...(await Promise.all(Array.from({ length: 400 }, () => openRawStream(server.port, { reads: true })))),
    );
    expect(open.filter(({ status }) => status === 200).length).toBeLessThan(256);
    expect(await health()).toMatchObject({ status: 'degraded', note: expect.stringContaining('open files') });
    for (let times = 0; times < 20; times += 1) expect(await ask()).toBe('v1');
    const refused = await fetch(`${server.url}/api/v1/environments/default/stream`);
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([
      503,
      expect.toSatisfy((seconds: number) => seconds >= 1 && seconds <= 10),
    ]);

    // The file is still read: its descriptors were kept back.
    server.write(rules('v2'));
    await expect.poll(ask, patience).toBe('v2');
    for (const { socket } of open.splice(0, 100)) socket.destroy();
    await expect.poll(health, patience).toMatchObject({ status: 'ok' });
    open.push(await openRawStream(server.port, { reads: true }));
    expect(open.at(-1)?.status).toBe(200);
    expect(server.running).toBe(true);
  });

  test('survives connections that ask for nothing, and recovers', async () => {
    server = await ServerProcess.start(rules('v1'), { openFiles: 256 });
    const sockets = Array.from({ length: 400 }, () => connect(server.port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => {});
    await Promise.all(
      sockets.map((socket) =>
        Promise.race(
          ['connect', 'close'].map((event) => new Promise((resolve) => socket.once(event, resolve))),
        ),
      ),
    );
    // The system has taken the connections; the server takes them one by one.
    await expect.poll(health, patience).toMatchObject({ status: 'degraded' });
    for (const socket of sockets) socket.destroy();
    await expect.poll(health, patience).toMatchObject({ status: 'ok' });
    expect(await ask()).toBe('v1');
    expect(server.running).toBe(true);
  });
});

test('50 clients that stop reading cost no memory to speak of, are cut off, and keep nobody waiting', async () => {
  server = await ServerProcess.start(rules('v0'));
  open = await Promise.all(Array.from({ length: 50 }, () => openRawStream(server.port, { reads: false })));
  const live = await followStream(`${server.url}/api/v1/environments/default/stream`);
  await live.take(1);
  const before = server.memory;
  const text = 'x'.repeat(400_000);
  for (let version = 1; version <= 40; version += 1) {
    server.write(rules(`v${version}`, text));
    await live.until(({ data }) => JSON.stringify(data ?? null).includes(`"v${version}"`));
  }
  live.close();
  // A buffer for each of them would be 50 x 40 x 0.4 MB.
  expect(server.memory - before).toBeLessThan(200 * 1024 * 1024);
  // Who is cut off still has what his socket holds; it ends after that.
  for (const { socket } of open) socket.resume();
  await expect.poll(() => open.filter(({ socket }) => !socket.closed).length, patience).toBe(0);
});

test(`${herd} clients that lose their server come back spread out, every one, and have the newest rules`, async () => {
  server = await ServerProcess.start(rules('v1'));
  const front = await Front.before(server);
  const clients = fork(herdScript, [front.url, String(herd)], {
    execArgv: ['--conditions=@graylane/source', '--import', 'tsx'],
  });
  const report = async (version: string): Promise<HerdReport> => {
    clients.send(version);
    return (await once(clients, 'message'))[0] as HerdReport;
  };
  try {
    await once(clients, 'message');
    // A heartbeat tells everybody how many they are.
    await expect.poll(() => front.told.size, patience).toBe(herd);
    const { pauses: earlier } = await report('v1');
    await server.stop('SIGKILL');
    server.write(rules('v2'));
    await server.start();
    await expect.poll(async () => (await report('v2')).current, patience).toBe(herd);
    const pauses = (await report('v2')).pauses.slice(earlier.length).slice(0, herd);
    expect(pauses.length).toBeGreaterThan(herd / 2);
    // One a millisecond makes a tenth of them in a tenth of the time.
    expect(busiest(pauses, herd / 10)).toBeLessThan(herd / 5);
  } finally {
    clients.disconnect();
    await once(clients, 'exit');
    await front.close();
  }
});

/** The most of these times within a window of so many milliseconds. */
function busiest(times: readonly number[], windowMs: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  let [most, first] = [0, 0];
  for (const [last, time] of sorted.entries()) {
    while (time - (sorted[first] ?? time) > windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** A door before the server that sees who has been told over how long to come back. */
class Front {
  readonly told = new Set<Socket>();
  readonly #door: ReturnType<typeof createServer>;

  static async before(behind: ServerProcess): Promise<Front> {
    const front = new Front(behind);
    await once(front.#door.listen(0, '127.0.0.1'), 'listening');
    return front;
  }

  private constructor(behind: ServerProcess) {
    this.#door = createServer((outer) => {
      const inner = connect(behind.port, '127.0.0.1');
      outer.pipe(inner).pipe(outer);
      inner.on('data', (bytes: Buffer) => bytes.includes(spreadHint) && this.told.add(outer));
      outer.on('close', () => this.told.delete(outer));
      for (const [one, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#door.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#door.close(resolve));
  }
}

async function ask(): Promise<unknown> {
  const answer = await fetch(`${server.url}/ofrep/v1/evaluate/flags/version`, { method: 'POST' });
  return ((await answer.json()) as { value: unknown }).value;
}

/** From the management port, which stands apart. */
async function health(): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${server.managementPort}/healthz`)).json();
}

function rules(version: string, text = ''): object {
  const flag = { state: 'ENABLED', variants: { now: version }, defaultVariant: 'now' };
  return { flags: { version: flag, padding: { ...flag, variants: { now: `${version}${text}` } } } };
}
