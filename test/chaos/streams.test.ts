import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { followStream } from '../../apps/server/test/support/follow.ts';
import { openRawStream, type RawStream } from '../support/raw-stream.ts';
import { ServerProcess } from '../support/server-process.ts';

const patience = { timeout: 60_000, interval: 50 };

let server: ServerProcess;
let open: RawStream[] = [];

afterEach(async () => {
  for (const { socket } of open) socket.destroy();
  open = [];
  await server.close();
});

describe('a server that runs out of file descriptors', () => {
  test('refuses streams before that, reports it, serves short requests, and recovers', async () => {
    server = await ServerProcess.start(rules('v1'), { openFiles: 256 });
    // One after another, until there is no room; then a crowd, most of which the server hangs up
    // on.
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

  test('survives connections without a request, and recovers', async () => {
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

test('50 clients that stop reading cost little memory, delay no other client, and miss nothing once they read again', async () => {
  server = await ServerProcess.start(rules('v0'));
  const live = await followStream(`${server.url}/api/v1/environments/default/stream`);
  const text = 'x'.repeat(100_000);
  const change = async (version: number): Promise<void> => {
    server.write(rules(`v${version}`, text));
    await live.until(({ data }) => versionOf(data) === `v${version}`);
  };
  // The server has had the cost of so many changes before.
  for (let version = 1; version <= 40; version += 1) await change(version);
  open = await Promise.all(Array.from({ length: 50 }, () => openRawStream(server.port, { reads: false })));
  const before = server.memory;
  // Each change reaches who reads before the next one is made, while the others read nothing.
  for (let version = 41; version <= 100; version += 1) await change(version);
  // A buffer for each of them would be 50 x 60 x 0.1 MB.
  expect(server.memory - before).toBeLessThan(64 * 1024 * 1024);
  live.close();
  const newest = open.map(async ({ socket }) => reads(socket, '"now":"v100"'));
  for (const { socket } of open) socket.resume();
  await Promise.all(newest);
});

/** Resolves when a string has arrived; rejects if the connection is closed before. */
async function reads(socket: Socket, text: string): Promise<void> {
  let tail = '';
  await new Promise<void>((resolve, reject) => {
    socket.on('close', () => reject(new Error(`the connection was closed before ${text} came`)));
    socket.on('data', (bytes: Buffer) => {
      const both = `${tail}${bytes.toString('latin1')}`;
      if (both.includes(text)) resolve();
      tail = both.slice(-text.length);
    });
  });
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

/** The version in an event of the change stream. */
function versionOf(data: unknown): unknown {
  const { document, flags = document?.flags } = (data ?? {}) as Partial<Told>;
  return flags?.version.variants.now;
}

interface Told {
  readonly document: Told;
  readonly flags: { readonly version: { readonly variants: { readonly now: string } } };
}
