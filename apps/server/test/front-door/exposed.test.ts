import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { get as getPlainly, type IncomingMessage } from 'node:http';
import { connect, type TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ConnectError, createClient, Code, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { createServer, type RunningServer, type Settings } from '@graylane/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FlagSyncService } from '../../src/protocols/flagd/gen/flagd/sync/v1/sync_pb.ts';
import { tlsStatus } from '../support/tls-status.ts';
import { bearer, tokenIn } from '../support/with-tokens.ts';

const fixtures = fileURLToPath(new URL('../../../../packages/source/test/fixtures/', import.meta.url));
const renewed = fileURLToPath(new URL('../fixtures/', import.meta.url));
const ca = readFileSync(`${fixtures}ca.pem`, 'utf8');
const newCa = readFileSync(`${renewed}renewed.pem`, 'utf8');
const flags = { fees: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' } };
let folder: string;
let file: string;
let cert: string;
let key: string;
let logged: string[];
let server: RunningServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-exposed-`);
  [file, cert, key] = [`${folder}/tokens.json`, `${folder}/tls.pem`, `${folder}/tls-key.pem`];
  cpSync(`${fixtures}server.pem`, cert);
  cpSync(`${fixtures}server-key.pem`, key);
  writeFileSync(`${folder}/flags.json`, JSON.stringify({ flags }));
  logged = [];
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

describe('an address that other machines reach', () => {
  test('needs a token, or --insecure', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toThrow(
      /^--host 0\.0\.0\.0 lets other machines in.*token create NAME --scope admin --tokens FILE.*--insecure$/,
    );
    expect(await start({ host: '0.0.0.0', insecure: true })).toMatchObject({ access: 'insecure' });
    await server?.close();
    const token = await tokenIn(file, { name: 'boss', scope: 'admin' });
    const { access, port } = await start({ host: '0.0.0.0', tokens: file });
    expect(access).toBe('token');
    const url = `http://127.0.0.1:${port}/api/v1/environments`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: bearer(token) })).status).toBe(200);
  });

  test('serves any host name, unless some are named', async () => {
    const named = async (): Promise<number | undefined> => {
      const sent = getPlainly(`http://127.0.0.1:${server?.port}/healthz`, {
        headers: { host: 'flags.internal' },
      });
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return response.resume().statusCode;
    };
    await start({ host: '0.0.0.0', insecure: true });
    expect(await named()).toBe(200);
    await server?.close();
    await start({ host: '0.0.0.0', insecure: true, allowHosts: ['other.internal'] });
    expect(await named()).toBe(421);
    await server?.close();
    expect(await start({})).toMatchObject({ access: 'loopback' });
    expect(await named()).toBe(421);
  });

  test('must be one of this machine', async () => {
    await expect(start({ host: '192.0.2.1', insecure: true })).rejects.toThrow(
      /^192\.0\.2\.1 is not an address of this machine: use 0\.0\.0\.0/,
    );
  });
});

describe('TLS', () => {
  test('protects HTTP and gRPC, and takes a renewed certificate over without a restart', async () => {
    const { port, grpcPort, managementPort } = await start({ tlsCert: cert, tlsKey: key });
    expect(await tlsStatus(port, { ca })).toBe(200);
    expect((await fetch(`http://127.0.0.1:${managementPort}/healthz`)).status).toBe(200);
    for (const transport of transports(grpcPort, ca)) await sync(transport);
    expect(await alpnOf(port, ['h2', 'http/1.1'])).toBe('http/1.1');
    expect(await alpnOf(grpcPort, ['h2', 'http/1.1'])).toBe('h2');
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow('fetch failed');
    const following = createClient(FlagSyncService, grpc(grpcPort, ca)).syncFlags({})[Symbol.asyncIterator]();
    await following.next();
    // Between the two files, and with a broken one, the certificate before stays in use.
    cpSync(`${renewed}renewed.pem`, cert);
    await expect.poll(() => logged.join()).toContain(`${cert} does not match the key in ${key}`);
    expect(await tlsStatus(port, { ca })).toBe(200);
    cpSync(`${renewed}renewed-key.pem`, key);
    await expect.poll(() => logged.join()).toContain('new connections use the new certificate');
    expect(await tlsStatus(port, { ca: newCa })).toBe(200);
    await expect(tlsStatus(port, { ca })).rejects.toThrow(/self.signed/);
    for (const transport of transports(grpcPort, newCa)) await sync(transport);
    writeFileSync(`${folder}/flags.json`, JSON.stringify({ flags: {} }));
    expect((await following.next()).done).toBe(false);
  });

  test.each([
    ['both files', () => ({ tlsKey: key }), /^TLS needs both files: use --tls-cert FILE and --tls-key FILE$/],
    [
      'a key of its own',
      () => ({ tlsCert: cert, tlsKey: `${renewed}renewed-key.pem` }),
      /does not match the key in/,
    ],
    [
      'files that exist',
      () => ({ tlsCert: `${cert}.none`, tlsKey: key }),
      /^--tls-cert .*none can't be read: ENOENT/,
    ],
    [
      'a certificate in PEM',
      () => ({ tlsCert: key, tlsKey: key }),
      /^--tls-cert .* must be a certificate in PEM/,
    ],
    [
      'a key in PEM',
      () => ({ tlsCert: cert, tlsKey: cert }),
      /^--tls-key .* must be a private key without a password/,
    ],
  ])('needs %s', async (_what, settings, message) => {
    await expect(start(settings())).rejects.toThrow(message);
  });
});

async function start(settings: Partial<Settings>): Promise<RunningServer> {
  const log = { info: (text: string) => logged.push(text), warn: (text: string) => logged.push(text) };
  const ports = { port: 0, grpcPort: 0, managementPort: 0 };
  server = await createServer({ source: { flags: `${folder}/flags.json` }, ...ports, ...settings }, log);
  return server;
}

function grpc(port: number, authority: string): Transport {
  return createGrpcTransport({ baseUrl: `https://127.0.0.1:${port}`, nodeOptions: { ca: authority } });
}

function transports(port: number, authority: string): Transport[] {
  const baseUrl = `https://127.0.0.1:${port}`;
  const nodeOptions = { ca: authority };
  return [grpc(port, authority), createConnectTransport({ baseUrl, httpVersion: '1.1', nodeOptions })];
}

async function sync(transport: Transport): Promise<void> {
  const client = createClient(FlagSyncService, transport);
  expect((await client.fetchAllFlags({})).flagConfiguration).toContain('"fees"');
  const wrong = client
    .fetchAllFlags({ selector: 'nowhere' })
    .catch((error: unknown) => ConnectError.from(error).code);
  expect(await wrong).toBe(Code.FailedPrecondition);
}

async function alpnOf(port: number, ALPNProtocols: string[]): Promise<TLSSocket['alpnProtocol']> {
  const socket = connect({ host: '127.0.0.1', port, ca, ALPNProtocols });
  await once(socket, 'secureConnect');
  socket.destroy();
  return socket.alpnProtocol;
}
