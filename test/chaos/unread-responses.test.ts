import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ServerProcess } from '../support/server-process.ts';

const allowance = 64 * 1024 * 1024;
const flags = Object.fromEntries(
  Array.from({ length: 2000 }, (_, index) => {
    const variants = { a: `${index}`.padEnd(900, 'x') };
    return [`flag-${index}`, { state: 'ENABLED', variants, defaultVariant: 'a' }];
  }),
);

let server: ServerProcess;
let sessions: ClientHttp2Session[] = [];
let sockets: Socket[] = [];

afterEach(async () => {
  for (const session of sessions) session.destroy();
  for (const socket of sockets) socket.destroy();
  [sessions, sockets] = [[], []];
  await server.close();
});

test.each([
  ['SyncFlags', '/flagd.sync.v1.FlagSyncService/SyncFlags'],
  ['FetchAllFlags', '/flagd.sync.v1.FlagSyncService/FetchAllFlags'],
])(
  '400 calls of %s that read nothing cost little memory and keep no other client waiting',
  async (_name, path) => {
    server = await ServerProcess.start({ flags });
    // The memory for so many changes, the server has taken before.
    for (let version = 1; version <= 20; version += 1) await change(`before-${version}`);
    await readAll(path);
    const before = server.memory;
    for (let count = 0; count < 4; count += 1) {
      const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`, {
        settings: { initialWindowSize: 0 },
      });
      sessions.push(session);
      await once(session, 'remoteSettings');
      const calls = Array.from({ length: 100 }, () => call(session, path));
      await Promise.all(calls.map(async (stream) => once(stream, 'response')));
    }
    // Twenty other documents, each of which stalled calls might hold.
    for (let version = 1; version <= 20; version += 1) await change(`v${version}`);
    await readAll(path);
    expect(server.memory - before).toBeLessThan(allowance);
  },
);

test('calls of ResolveAll that read nothing are cut off beyond a bound, the oldest first', async () => {
  server = await ServerProcess.start({ flags });
  const path = '/flagd.evaluation.v1.Service/ResolveAll';
  /** Makes 30 calls of 1.9 MB, of which 8 fit. */
  const stall = async (): Promise<number> => {
    const url = `http://127.0.0.1:${server.grpcPort}`;
    const session = connectHttp2(url, { settings: { initialWindowSize: 0 } });
    sessions.push(session);
    await once(session, 'remoteSettings');
    const calls = Array.from({ length: 30 }, () => call(session, path));
    let cut = 0;
    for (const stream of calls) stream.on('close', () => (cut += 1));
    await Promise.all(calls.map(async (stream) => once(stream, 'response')));
    await expect.poll(() => cut, { timeout: 30_000 }).toBeGreaterThan(20);
    return server.memory;
  };
  const first = await stall();
  expect((await stall()) - first).toBeLessThan(allowance);
  await readAll(path);
});

test('connections that read nothing of an evaluation of all flags are cut off beyond a bound', async () => {
  const variants = { a: 'x'.repeat(12_000) };
  const large = { state: 'ENABLED', variants, defaultVariant: 'a' };
  const keys = Array.from({ length: 1000 }, (_, index) => `flag-${index}`);
  server = await ServerProcess.start({ flags: Object.fromEntries(keys.map((key) => [key, large])) });
  let cut = 0;
  for (let count = 0; count < 8; count += 1) {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    // Reading makes the loss of the connection visible.
    socket.on('close', () => (cut += 1));
    socket.pause();
    sockets.push(socket);
    socket.write('POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
  }
  // 8 responses of 12 MB, of which some megabytes are in the buffers of the system.
  await expect.poll(connections, { timeout: 30_000, interval: 200 }).toBe(8);
  await expect.poll(connections, { timeout: 30_000, interval: 200 }).toBeLessThan(5);
  for (const socket of sockets) socket.resume();
  await expect.poll(() => cut, { timeout: 30_000 }).toBeGreaterThan(3);
});

test('a connection that pipelines 300 large requests and reads nothing costs little memory, and gets all responses once it reads', async () => {
  server = await ServerProcess.start({ flags });
  const url = `${server.url}/api/v1/environments/default`;
  const { length } = await (await fetch(url)).text();
  const before = server.memory;
  const socket = connect(server.port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  const request = 'GET /api/v1/environments/default HTTP/1.1\r\nHost: localhost\r\n\r\n';
  socket.write(request.repeat(300));
  for (let count = 0; count < 50; count += 1) await ask();
  expect(server.memory - before).toBeLessThan(allowance);
  let received = 0;
  socket.on('data', (bytes: Buffer) => (received += bytes.length));
  await expect.poll(() => received, { timeout: 60_000, interval: 50 }).toBeGreaterThan(300 * length);
});

test('connections to the gRPC port that send nothing leave room for streams', async () => {
  server = await ServerProcess.start({ flags: {} }, { openFiles: 256 });
  for (let count = 0; count < 185; count += 1) {
    const socket = connect(server.grpcPort, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
  }
  const stream = await fetch(`${server.url}/api/v1/environments/default/stream`);
  expect(stream.status).toBe(200);
  await stream.body?.cancel();
});

function call(session: ClientHttp2Session, path: string): ClientHttp2Stream {
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request(headers);
  stream.on('error', () => {
    // A call that is cut off closes after this.
  });
  stream.end(Buffer.alloc(5));
  return stream;
}

/** Makes one call that reads, up to its first megabyte. */
async function readAll(path: string): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
  try {
    let received = 0;
    for await (const bytes of call(session, path) as AsyncIterable<Buffer>) {
      received += bytes.length;
      if (received > 1_000_000) return;
    }
  } finally {
    session.destroy();
  }
}

/** Changes the file, and waits until the server has noticed. */
async function change(version: string): Promise<void> {
  server.write({ flags: { ...flags, version: flagOf(version) } });
  await expect.poll(ask, { timeout: 30_000, interval: 20 }).toBe(version);
}

/**
 * The open connections to the HTTP and gRPC ports, as health on the management port counts them.
 */
async function connections(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.managementPort}/healthz`);
  return ((await response.json()) as { connections: { open: number } }).connections.open;
}

async function ask(): Promise<unknown> {
  const response = await fetch(`${server.url}/ofrep/v1/evaluate/flags/version`, { method: 'POST' });
  return ((await response.json()) as { value?: unknown }).value;
}

function flagOf(value: string): object {
  return { state: 'ENABLED', variants: { a: value }, defaultVariant: 'a' };
}
