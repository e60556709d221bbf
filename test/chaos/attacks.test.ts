import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerProcess } from '../support/server-process.ts';

/** The longest that another client may wait for a short response meanwhile: 1 s, times five. */
const patienceMs = 5000;
const allowance = 128 * 1024 * 1024;
const json = { 'content-type': 'application/json' };
const fees = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };

let folder: string;
let server: ServerProcess;
let targets: Server[];
/** Messages that the well webhook has got. */
let delivered = 0;

beforeAll(async () => {
  folder = mkdtempSync(`${tmpdir()}/graylane-attacks-`);
  writeFileSync(`${folder}/webhooks.json`, JSON.stringify({ webhooks: await startTargets() }));
  server = await ServerProcess.startOn(`${folder}/data`, {
    options: ['--webhooks', `${folder}/webhooks.json`],
  });
  expect(await put(fees, { 'if-none-match': '*' })).toBe(201);
});
afterAll(async () => {
  await server.close();
  for (const target of targets) {
    target.closeAllConnections();
    target.close();
  }
  rmSync(folder, { recursive: true });
});

/** Webhooks whose targets do not behave, and one whose target does. */
async function startTargets(): Promise<object[]> {
  const behaviours: readonly RequestListener[] = [
    // It never responds.
    () => {},
    // Its body never ends.
    (_request, response) => {
      const chunk = Buffer.alloc(65_536);
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', pour);
      pour();
    },
    // Its headers come byte by byte.
    (request) => {
      const drip = setInterval(() => request.socket.write('H'), 100);
      request.socket.on('close', () => clearInterval(drip));
    },
    // It is always busy, and asks for another attempt at once.
    (_request, response) => void response.writeHead(503, { 'retry-after': '0.001' }).end(),
    // It leads to the server itself.
    (_request, response) =>
      void response.writeHead(307, { location: `${server.url}/api/v1/environments` }).end(),
    (request, response) => {
      delivered += 1;
      request.resume();
      response.end();
    },
  ];
  targets = behaviours.map((behaviour) => createServer(behaviour));
  for (const target of targets) await once(target.listen(0, '127.0.0.1'), 'listening');
  return targets.map((target) => ({
    url: `http://127.0.0.1:${(target.address() as AddressInfo).port}`,
    private: true,
  }));
}

async function put(flag: object, condition: Record<string, string> = { 'if-match': '*' }): Promise<number> {
  const response = await fetch(`${server.url}/api/v1/environments/default/flags/fees`, {
    method: 'PUT',
    headers: { ...json, ...condition },
    body: JSON.stringify(flag),
  });
  await response.arrayBuffer();
  return response.status;
}

/** Fails if other clients wait, or if the server keeps much memory of it. */
async function withstands(attack: () => Promise<unknown>, token?: string): Promise<void> {
  const before = server.memory;
  const ending = new AbortController();
  const headers = { ...json, ...(token && { authorization: `Bearer ${token}` }) };
  let longest = 0;
  let most = before;
  const others = (async () => {
    while (!ending.signal.aborted) {
      const start = performance.now();
      const [health, evaluation] = await Promise.all([
        fetch(`http://127.0.0.1:${server.managementPort}/healthz`),
        fetch(`${server.url}/ofrep/v1/evaluate/flags/fees`, { method: 'POST', headers, body: '{}' }),
      ]);
      expect([health.status, evaluation.status]).toEqual([200, 200]);
      await Promise.all([health.text(), evaluation.text()]);
      longest = Math.max(longest, performance.now() - start);
      most = Math.max(most, server.memory);
      await pause(20);
    }
  })();
  try {
    await attack();
  } finally {
    ending.abort();
    await others;
  }
  expect(longest).toBeLessThan(patienceMs);
  expect(most - before).toBeLessThan(allowance);
  expect(server.running).toBe(true);
}

const inputs = [
  ['PUT', '/api/v1/environments/default/flags/fees', fees],
  ['POST', '/ofrep/v1/evaluate/flags', { context: { lane: 'gray' } }],
  ['POST', '/ofrep/v1/evaluate/flags/fees', { context: { lane: 'gray' } }],
  ['POST', '/v1/metrics', { resourceMetrics: [] }],
  ['POST', '/v1/traces', { resourceSpans: [] }],
  ['POST', '/api/v1/environments/default/rollouts', { flag: 'lane' }],
] as const;

describe('a server withstands', () => {
  test.each(inputs)(
    'bodies in chunks of one byte: %s %s',
    { timeout: 120_000 },
    async (method, path, body) => {
      const whole = await fetch(`${server.url}${path}`, {
        method,
        headers: { ...json, 'if-match': '*' },
        body: JSON.stringify(body),
      });
      await whole.arrayBuffer();
      const padded = `${JSON.stringify(body)}${' '.repeat(10_000)}`;
      await withstands(async () => {
        const sent = await Promise.all(
          Array.from({ length: 10 }, async () => byteByByte(server.port, method, path, padded)),
        );
        expect(new Set(sent)).toEqual(new Set([whole.status]));
      });
    },
  );

  test('a message of Connect in chunks of one byte', async () => {
    const path = '/flagd.evaluation.v1.Service/ResolveBoolean';
    const body = `${JSON.stringify({ flagKey: 'fees', context: {} })}${' '.repeat(10_000)}`;
    await withstands(async () => {
      const sent = Array.from({ length: 10 }, async () => byteByByte(server.grpcPort, 'POST', path, body));
      expect(new Set(await Promise.all(sent))).toEqual(new Set([200]));
    });
  });

  test('a message of gRPC in DATA frames of one byte', async () => {
    const session = connectHttp2(`http://127.0.0.1:${server.grpcPort}`);
    const message = Buffer.concat([Buffer.from([10, 4]), Buffer.from('fees')]);
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
    await withstands(async () => {
      const calls = Array.from({ length: 50 }, async () => {
        const call = session.request({
          ':method': 'POST',
          ':path': '/flagd.evaluation.v1.Service/ResolveBoolean',
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        for (const byte of frame) call.write(Buffer.of(byte));
        call.end();
        const trailers = once(call, 'trailers') as Promise<[Record<string, string>]>;
        const end = once(call, 'end');
        call.resume();
        const [{ 'grpc-status': status }] = await trailers;
        await end;
        return status;
      });
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['0']));
    });
    session.close();
  });

  test('bombs of Connect and gRPC-Web, and envelopes that lie about their length', async () => {
    const path = `http://127.0.0.1:${server.grpcPort}/flagd.evaluation.v1.Service/ResolveAll`;
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024, ' '));
    /** The response has its status in its trailers, which are a part of the body of gRPC-Web. */
    const refuses = async (headers: Record<string, string>, body: Buffer): Promise<void> => {
      const response = await fetch(path, { method: 'POST', headers, body: new Uint8Array(body) });
      const status = response.headers.get('grpc-status') ?? '';
      const text = `${response.status} grpc-status: ${status}\n${await response.text()}`;
      expect(text).toMatch(/^4\d\d |grpc-status: ?[1-9]/);
    };
    await withstands(async () => {
      for (let round = 0; round < 3; round += 1) {
        const unary = { ...json, 'content-encoding': 'gzip', 'connect-protocol-version': '1' };
        await refuses(unary, bomb);
        const web = { 'content-type': 'application/grpc-web+proto', 'grpc-encoding': 'gzip' };
        await refuses(web, Buffer.concat([envelope(1, bomb.length), bomb]));
        await refuses(web, Buffer.concat([envelope(0, 0xff_ff_ff_ff), Buffer.alloc(10)]));
        await refuses(web, Buffer.concat([envelope(0xff, 3), Buffer.alloc(3)]));
      }
    });
  });

  test('webhooks whose targets do not behave, while another one gets every message', async () => {
    const before = delivered;
    await withstands(async () => {
      for (let version = 0; version < 50; version += 1) {
        expect(await put({ ...fees, metadata: { version } })).toBe(200);
      }
      await expect.poll(() => delivered, { timeout: 30_000 }).toBe(before + 50);
    });
    expect(server.output).toMatch(/a message was not delivered: it responds with 307/);
  });

  test('paths of the console that are made up', async () => {
    const paths = [
      '/../../etc/passwd',
      '/assets/../../../etc/passwd',
      '/assets/%2e%2e/%2e%2e/package.json',
      '/assets/..%2f..%2fpackage.json',
      '/assets/..%5c..%5cpackage.json',
      '/assets/%00.js',
      '/assets/%ff%fe',
      '/%',
      `/${'a/'.repeat(7000)}`,
      '//evil.example/%2e%2e',
      '/e/default/flags/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    ];
    await withstands(async () => {
      for (const method of ['GET', 'HEAD', 'PUT', 'TRACE', 'PROPFIND']) {
        for (const path of paths) {
          const response = await raw(
            server.port,
            `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`,
          );
          expect(response).toMatch(/^HTTP\/1\.1 [2-4]\d\d /);
          expect(response).not.toMatch(/root:|"workspaces"|"dependencies"/);
        }
      }
    });
  });

  test('a flood of tokens', { timeout: 120_000 }, async () => {
    const made = await fetch(`${server.url}/api/v1/tokens`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ name: 'root', scope: 'admin' }),
    });
    const { token } = (await made.json()) as { token: string };
    expect(token).toMatch(/^gl_/);
    const read = async (authorization: string): Promise<number> => {
      const headers = { authorization };
      const response = await fetch(`${server.url}/api/v1/environments`, { headers });
      await response.arrayBuffer();
      return response.status;
    };
    let next = 0;
    const flood = async (): Promise<void> => {
      while (next < 5000) {
        next += 1;
        const random = randomBytes(next % 10 === 0 ? 3000 : 32).toString('base64url');
        expect(await read(`Bearer ${next % 2 === 0 ? token.slice(0, -8) : 'gl_'}${random}`)).toBe(401);
      }
    };
    await withstands(async () => Promise.all(Array.from({ length: 20 }, flood)), token);
    expect(await read(`Bearer ${token}`)).toBe(200);
  });
});

/** Sends a body in chunks of one byte, and returns the status of the response. */
async function byteByByte(port: number, method: string, path: string, body: string): Promise<number> {
  const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nif-match: *\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n`;
  const chunks = Array.from(body, (one) => `1\r\n${one}\r\n`).join('');
  const response = await raw(port, `${head}${chunks}0\r\n\r\n`);
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(response)?.[1]);
}

/** Sends bytes as they are, and returns all that comes back. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let response = '';
  socket.setEncoding('latin1').on('data', (text: string) => (response += text));
  // A server may refuse the request before it has read all of it.
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return response;
}

function envelope(flags: number, length: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(length, 1);
  return head;
}
