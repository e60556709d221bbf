import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { GraylaneProvider } from '@graylane/provider';
import { createServer, type RunningServer, type Settings } from '@graylane/server';
import { OpenFeature, ProviderStatus } from '@openfeature/server-sdk';
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
  await expect
    .poll(() => tlsStatus(port, { ca, path: '/api/v1/openapi.json', headers: bearer(weak) }))
    .toBe(200);
  for (const [given, remedy] of [
    [{}, 'set source.token to a token with the scope definitions'],
    [{ token: token.slice(0, -2) }, 'unknown, expired or revoked'],
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

async function start(settings: Partial<Settings>): Promise<RunningServer> {
  const log = { info: () => {}, warn: () => {} };
  const ports = { port: 0, grpcPort: 0, managementPort: 0 };
  server = await createServer({ source: { flags: `${folder}/flags.json` }, ...ports, ...settings }, log);
  return server;
}
