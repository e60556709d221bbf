import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { GraylaneProvider } from '@graylane/provider';
import { createServer, type RunningServer, type Settings } from '@graylane/server';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, ProviderStatus } from '@openfeature/server-sdk';
import { OpenFeature as OpenFeatureWeb, type Provider } from '@openfeature/web-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { revokeToken } from '../apps/server/src/tokens/change-tokens.ts';
import { TokenFile } from '../apps/server/src/tokens/token-file.ts';
import { tlsStatus } from '../apps/server/test/support/tls-status.ts';
import { bearer, tokenIn } from '../apps/server/test/support/with-tokens.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../packages/source/test/fixtures/${name}`, import.meta.url));
const [ca, cert, key] = [
  readFileSync(fixture('ca.pem'), 'utf8'),
  fixture('server.pem'),
  fixture('server-key.pem'),
];
const flags = { fees: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' } };
type UpstreamSource = Extract<Settings['source'], { upstream: string }>;

let folder: string;
let file: string;
let server: RunningServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/graylane-secured-`);
  file = `${folder}/tokens.json`;
  writeFileSync(`${folder}/flags.json`, JSON.stringify({ flags }));
});
afterEach(async () => {
  await OpenFeature.close();
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

test('TLS and a token serve a provider end to end, until the token is revoked', async () => {
  const token = await tokenIn(file, { name: 'orders', scope: 'definitions' });
  const { port } = await start({ host: '0.0.0.0', tokens: file, tlsCert: cert, tlsKey: key });
  const source = { url: `https://127.0.0.1:${port}`, ca };
  await OpenFeature.setProviderAndWait('orders', new GraylaneProvider({ source: { ...source, token } }));
  const client = OpenFeature.getClient('orders');
  expect(await client.getBooleanValue('fees', false)).toBe(true);
  const weak = await tokenIn(file, { name: 'weak', scope: 'evaluate' });
  const expired = await expiredToken();
  await expect
    .poll(() => tlsStatus(port, { ca, path: '/api/v1/openapi.json', headers: bearer(weak) }))
    .toBe(200);
  for (const [given, remedy] of [
    [{}, 'set source.token to a token with the scope definitions'],
    [{ token: token.slice(0, -2) }, 'unknown, expired or revoked'],
    [{ token: expired }, 'unknown, expired or revoked'],
    [{ token: weak }, 'use one with the scope definitions'],
  ] as const) {
    const refused = new GraylaneProvider({ source: { ...source, ...given } });
    await expect(OpenFeature.setProviderAndWait('refused', refused)).rejects.toThrow(remedy);
    expect(OpenFeature.getClient('refused').providerStatus).toBe(ProviderStatus.FATAL);
  }
  await new TokenFile(file).update((records) => revokeToken(records, 'orders'));
  await expect.poll(() => client.providerStatus, { timeout: 10_000 }).not.toBe(ProviderStatus.READY);
  // The rules that it has stay in force.
  expect(await client.getBooleanValue('fees', false)).toBe(true);
});

test('a relay follows a server whose certificate has an authority of its own', async () => {
  const token = await tokenIn(file, { name: 'relay', scope: 'definitions' });
  const { port } = await start({ host: '0.0.0.0', tokens: file, tlsCert: cert, tlsKey: key });
  const upstream = { upstream: `https://127.0.0.1:${port}`, token };
  await expect(relay(upstream)).rejects.toThrow('--upstream-ca');
  const following = await relay({ ...upstream, ca: fixture('ca.pem') });
  const evaluated = await fetch(`http://127.0.0.1:${following.port}/ofrep/v1/evaluate/flags/fees`, {
    method: 'POST',
    body: '{}',
  });
  expect(await evaluated.json()).toMatchObject({ value: true });
  await following.close();
});

test('a relay does not start with a token that is expired or cut off, and names the remedy', async () => {
  const token = await tokenIn(file, { name: 'relay', scope: 'definitions' });
  const { port } = await start({ tokens: file });
  for (const given of [await expiredToken(), token.slice(0, -2)]) {
    await expect(relay({ upstream: `http://127.0.0.1:${port}`, token: given })).rejects.toThrow(
      /unknown, expired or revoked.*--upstream-token|--upstream-token.*unknown, expired or revoked/,
    );
  }
});

test('a page of another origin evaluates with the OFREP web provider and a token that can do no more', async () => {
  const token = await tokenIn(file, { name: 'page', scope: 'evaluate' });
  const page = 'https://shop.example';
  const { port } = await start({ tokens: file, allowOrigins: [page] });
  const origin = `http://127.0.0.1:${port}`;
  const provider = new OFREPWebProvider({
    baseUrl: origin,
    headers: [['authorization', `Bearer ${token}`]],
    // A browser names the origin of the page, and asks before it sends a token.
    fetchImplementation: async (input: string | URL | Request, init?: RequestInit) => {
      const request = new Request(input, init);
      const headers = { origin: page, 'access-control-request-method': request.method };
      const asked = 'authorization,content-type';
      const preflight = await fetch(request.url, {
        method: 'OPTIONS',
        headers: { ...headers, 'access-control-request-headers': asked },
      });
      const allowed = preflight.headers.get('access-control-allow-headers')?.toLowerCase() ?? '';
      expect(allowed.split(/, */)).toEqual(expect.arrayContaining(asked.split(',')));
      request.headers.set('origin', page);
      const response = await fetch(request);
      expect(response.headers.get('access-control-allow-origin')).toBe(page);
      return response;
    },
  });
  await OpenFeatureWeb.setProviderAndWait(provider as Provider);
  expect(OpenFeatureWeb.getClient().getBooleanValue('fees', false)).toBe(true);
  await OpenFeatureWeb.close();
  const read = await fetch(`${origin}/api/v1/environments/default`, { headers: bearer(token) });
  expect(read.status).toBe(403);
});

/** A token that expired yesterday. */
async function expiredToken(): Promise<string> {
  const twoDaysMs = 2 * 24 * 60 * 60 * 1000;
  return tokenIn(file, { name: 'old', scope: 'definitions', expiresInDays: 1 }, Date.now() - twoDaysMs);
}

async function relay(source: UpstreamSource): Promise<RunningServer> {
  const log = { info: () => {}, warn: () => {} };
  return createServer({ source, port: 0, grpcPort: 0, managementPort: 0 }, log);
}

async function start(settings: Partial<Settings>): Promise<RunningServer> {
  const log = { info: () => {}, warn: () => {} };
  const ports = { port: 0, grpcPort: 0, managementPort: 0 };
  server = await createServer({ source: { flags: `${folder}/flags.json` }, ...ports, ...settings }, log);
  return server;
}
