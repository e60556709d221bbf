import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { GraylaneProvider } from '@graylane/provider';
import { createServer, type RunningServer, type Settings } from '@graylane/server';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ServerProcess } from '../support/server-process.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { admin } from '../../apps/server/test/support/admin.ts';
import { fees, serve, serveFolder, type Served } from '../../apps/server/test/support/serve.ts';
import { bearer, tokenIn } from '../../apps/server/test/support/with-tokens.ts';

const on = { ...fees, defaultVariant: 'on' };
const free = { port: 0, grpcPort: 0, managementPort: 0 };
const patient = { timeout: 60_000 };

let folder: string;
let centre: Served;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(`${tmpdir()}/graylane-relay-`);
  centre = await serveFolder({ flags: { fees, other: fees } });
});
afterEach(async () => {
  await OpenFeature.close();
  for (const close of closing.splice(0).toReversed()) await close();
  await centre.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Relay extends RunningServer {
  readonly url: string;
  readonly logged: readonly string[];
}

async function relayOf(
  upstream: string,
  source: Partial<Extract<Settings['source'], { upstream: string }>> = {},
  settings: Partial<Settings> = {},
): Promise<Relay> {
  const logged: string[] = [];
  const log = { info: (text: string) => logged.push(text), warn: (text: string) => logged.push(text) };
  const server = await createServer({ ...free, ...settings, source: { upstream, ...source } }, log);
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await server.close();
  };
  closing.push(close);
  return { ...server, close, url: `http://127.0.0.1:${server.port}`, logged };
}

async function proxyOf(url: string): Promise<TcpProxy> {
  const proxy = await TcpProxy.open(Number(new URL(url).port));
  closing.push(() => proxy.close());
  return proxy;
}

async function providerOf(url: string): Promise<GraylaneProvider> {
  const provider = new GraylaneProvider({ source: { url } });
  closing.push(() => provider.onClose());
  await provider.initialize();
  return provider;
}

async function revisionOf(url: string): Promise<unknown> {
  const [found] = (await admin(url)('GET', '/environments')).body['environments'] as { revision: string }[];
  return found?.revision;
}

async function change(definition: object): Promise<unknown> {
  const ask = admin(centre.url);
  const etag = (await ask('GET', 'flags/fees')).headers.get('etag') ?? '';
  const { status } = await ask('PUT', 'flags/fees', { body: definition, headers: { 'if-match': etag } });
  expect(status).toBe(200);
  return revisionOf(centre.url);
}

async function health(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(`${url}/healthz`)).json()) as Record<string, unknown>;
}

describe('a relay', () => {
  test('serves the flags of its upstream server on all protocols, with the same revisions', async () => {
    const relay = await relayOf(centre.url);
    const provider = await providerOf(relay.url);
    expect(provider.revision).toBe(await revisionOf(centre.url));
    await OpenFeature.setProviderAndWait(
      'flagd',
      new FlagdProvider({ host: '127.0.0.1', port: relay.grpcPort, resolverType: 'in-process' }),
    );
    const client = OpenFeature.getClient('flagd');
    expect(await client.getBooleanValue('fees', false, { lane: 'gray' })).toBe(true);
    const revision = await change(on);
    await expect.poll(() => provider.revision, patient).toBe(revision);
    await expect.poll(() => client.getBooleanValue('fees', false), patient).toBe(true);
    const response = await fetch(`${relay.url}/ofrep/v1/evaluate/flags/fees`, { method: 'POST', body: '{}' });
    expect(await response.json()).toMatchObject({ value: true });
    expect((await admin(relay.url)('GET', 'flags/fees')).body).toEqual(on);
    expect((await admin(relay.url)('GET', 'history')).body['revisions']).toMatchObject([
      { revision, author: 'upstream' },
      { author: 'upstream' },
    ]);
  });

  test('refuses writes, with the address where they are taken', async () => {
    const relay = await relayOf(centre.url);
    const ask = admin(relay.url);
    const refused = await ask('PUT', 'flags/new', { body: fees, headers: { 'if-none-match': '*' } });
    expect([refused.status, refused.body['detail']]).toEqual([403, expect.stringContaining(centre.url)]);
    const kill = await ask('POST', 'kill', { body: { flag: 'fees' } });
    expect([kill.status, kill.body['detail']]).toEqual([403, expect.stringContaining(centre.url)]);
    const created = await ask('PUT', '/environments/new', {
      body: { flags: {} },
      headers: { 'if-none-match': '*' },
    });
    expect([created.status, created.body['detail']]).toEqual([403, expect.stringContaining(centre.url)]);
  });

  test('takes over a flag that is removed, segments and metadata', async () => {
    const relay = await relayOf(centre.url);
    const ask = admin(centre.url);
    const { headers } = await ask('GET', '/environments/default');
    const document = { metadata: { team: 'a' }, $evaluators: { eu: { '==': [1, 1] } }, flags: { fees: on } };
    const sent = { body: document, headers: { 'if-match': headers.get('etag') ?? '' } };
    expect((await ask('PUT', '/environments/default', sent)).status).toBe(200);
    const newest = async (): Promise<unknown> =>
      (await admin(relay.url)('GET', '/environments/default')).body;
    await expect.poll(newest, patient).toEqual(document);
  });

  test('keeps serving without its upstream server, says why it is degraded, and recovers', async () => {
    const proxy = await proxyOf(centre.url);
    const relay = await relayOf(`http://127.0.0.1:${proxy.port}`);
    expect(await health(relay.url)).toMatchObject({ status: 'ok', upstream: { connected: true } });
    proxy.cut();
    await expect.poll(async () => (await health(relay.url))['status'], patient).toBe('degraded');
    expect(await health(relay.url)).toMatchObject({
      upstream: { connected: false, reason: expect.stringContaining(`127.0.0.1:${proxy.port}`) },
    });
    const revision = await change(on);
    const provider = await providerOf(relay.url);
    expect((await provider.resolveBooleanEvaluation('fees', true, {})).value).toBe(false);
    expect((await fetch(`${relay.url}/readyz`)).status).toBe(200);
    proxy.heal();
    await expect.poll(() => provider.revision, patient).toBe(revision);
    await expect.poll(async () => (await health(relay.url))['status'], patient).toBe('ok');
  });

  test('that restarts while the centre is gone serves at once, from its cache', async () => {
    const proxy = await proxyOf(centre.url);
    const upstream = `http://127.0.0.1:${proxy.port}`;
    const first = await relayOf(upstream, { cache: folder });
    const revision = await change(on);
    await expect.poll(() => revisionOf(first.url), patient).toBe(revision);
    await first.close();
    proxy.cut();
    const second = await relayOf(upstream, { cache: folder });
    const provider = await providerOf(second.url);
    expect(provider.revision).toBe(revision);
    const later = await change(fees);
    proxy.heal();
    await expect.poll(() => provider.revision, patient).toBe(later);
  });

  test('does not use a cache that is damaged, or of another server', async () => {
    const first = await relayOf(centre.url, { cache: folder });
    await first.close();
    const other = await serve({ flags: { other: fees } });
    const relay = await relayOf(other.url, { cache: folder });
    expect(relay.logged.join()).toContain('has the rules of');
    await relay.close();
    writeFileSync(`${folder}/default.rules`, 'x');
    await other.close();
    await expect(relayOf(other.url, { cache: folder })).rejects.toThrow(/there are no rules .*--upstream/s);
  });

  test('counts its clients in the confirmation of a kill at the centre', async () => {
    const relay = await relayOf(centre.url);
    const leaf = await relayOf(relay.url);
    const providers = await Promise.all([
      providerOf(centre.url),
      ...Array.from({ length: 3 }, () => providerOf(relay.url)),
      ...Array.from({ length: 5 }, () => providerOf(leaf.url)),
    ]);
    const ask = admin(centre.url);
    await expect
      .poll(async () => (await ask('GET', 'clients')).body, patient)
      .toMatchObject({
        connected: 9,
        confirmed: 9,
        unconfirmable: 0,
      });
    const { body } = await ask('POST', 'kill?wait=60', { body: { flag: 'fees' } });
    expect(body['clients']).toMatchObject({ connected: 9, confirmed: 9 });
    for (const provider of providers) {
      expect(provider.revision).toBe(body['revision']);
      expect((await provider.resolveBooleanEvaluation('fees', false, {})).reason).toBe('DISABLED');
    }
  });

  test('holds a kill while the centre is gone, and keeps it until it is lifted there', async () => {
    const proxy = await proxyOf(centre.url);
    const relay = await relayOf(`http://127.0.0.1:${proxy.port}`);
    const provider = await providerOf(relay.url);
    proxy.cut();
    await expect.poll(async () => (await health(relay.url))['status'], patient).toBe('degraded');
    const ask = admin(relay.url);
    const { status, body } = await ask('POST', 'kill?wait=60', { body: { flag: 'fees' } });
    expect([status, body['held']]).toEqual([200, expect.stringContaining("can't be reached")]);
    await expect.poll(() => provider.revision, patient).toBe(body['revision']);
    proxy.heal();
    await expect
      .poll(async () => (await health(relay.url))['upstream'], patient)
      .toMatchObject({ connected: true });
    expect((await provider.resolveBooleanEvaluation('fees', false, {})).reason).toBe('DISABLED');
    expect((await ask('DELETE', 'kill/flags/fees?wait=0')).status).toBe(200);
    await expect.poll(() => provider.revision, patient).toBe(await revisionOf(centre.url));
  });
});

describe('a relay reports upstream', () => {
  test('kills that it held in an outage before the refusals, through a relay between', patient, async () => {
    const middle = await relayOf(centre.url);
    const proxy = await proxyOf(middle.url);
    const relay = await relayOf(`http://127.0.0.1:${proxy.port}`);
    proxy.cut();
    await expect.poll(async () => (await health(relay.url))['status'], patient).toBe('degraded');
    const ask = admin(relay.url);
    await ask('GET', 'flags/nobody');
    const headers = { 'graylane-reason': 'errors' };
    expect((await ask('POST', 'kill?wait=0', { body: { flag: 'fees' }, headers })).status).toBe(200);
    expect((await ask('DELETE', 'kill/flags/fees?wait=0')).status).toBe(200);
    proxy.heal();
    const records = async (): Promise<unknown> => (await admin(centre.url)('GET', 'audit')).body['records'];
    await expect
      .poll(records, patient)
      .toEqual(
        expect.arrayContaining([
          expect.objectContaining({ kind: 'kill', flag: 'fees', author: 'anonymous', reason: 'errors' }),
          expect.objectContaining({ kind: 'refusals', code: 'not_found', count: 1 }),
        ]),
      );
    const kinds = ((await records()) as { kind: string }[]).map(({ kind }) => kind);
    expect(kinds.slice(0, 2)).toEqual(['kill', 'lift']);
    expect(centre.logged.join('\n')).toContain('killed the flag "fees"');
  });

  test('kills and refusals of a process that was killed in the outage, once', patient, async () => {
    const proxy = await proxyOf(centre.url);
    const source = ['--upstream', `http://127.0.0.1:${proxy.port}`, '--cache', folder];
    const relay = await ServerProcess.startWith(source);
    closing.push(() => relay.close());
    proxy.cut();
    await expect.poll(async () => (await health(relay.url))['status'], patient).toBe('degraded');
    const killed = await admin(relay.url)('POST', 'kill?wait=0', { body: { flag: 'fees' } });
    expect(killed.status).toBe(200);
    await admin(relay.url)('GET', 'flags/nobody');
    const kept = (): string => readFileSync(`${folder}/audit-queue.json`, 'utf8');
    await expect.poll(kept, patient).toMatch(/"kill"[^]*"not_found"/);
    await relay.stop('SIGKILL');
    const copy = kept();

    const records = async (): Promise<unknown> => (await admin(centre.url)('GET', 'audit')).body['records'];
    proxy.heal();
    await relay.start();
    const both = [
      expect.objectContaining({ kind: 'kill', flag: 'fees' }),
      expect.objectContaining({ kind: 'refusals', code: 'not_found', count: 1 }),
    ];
    await expect.poll(records, patient).toEqual(both);
    await expect.poll(kept, patient).toBe('{}');
    await relay.stop('SIGKILL');
    // As if it had been killed before it knew that the centre has them.
    writeFileSync(`${folder}/audit-queue.json`, copy);
    await relay.start();
    await expect.poll(kept, patient).toBe('{}');
    expect(await records()).toEqual(both);
  });

  test('kills of two relays at one time, each once', async () => {
    const kill = { kind: 'kill', at: '2026-11-26T06:37:01.123Z', lane: 'gray', author: 'ada' };
    const [one, other] = [
      { ...kill, id: 'one' },
      { ...kill, id: 'other' },
    ];
    const ask = admin(centre.url);
    for (const records of [[one], [other], [one, other]])
      await ask('POST', 'audit', { body: { relay: 'berlin', records } });
    const { body } = await ask('GET', 'audit');
    expect(body['records']).toMatchObject([{ id: 'one' }, { id: 'other' }]);
  });

  test('the usage of its clients', patient, async () => {
    const relay = await relayOf(centre.url);
    const provider = await providerOf(relay.url);
    for (let count = 0; count < 3; count += 1) await provider.resolveBooleanEvaluation('fees', false, {});
    await provider.onClose();
    await relay.close();
    const usage = async (): Promise<unknown> => (await admin(centre.url)('GET', 'flags/fees/usage')).body;
    await expect.poll(usage, patient).toMatchObject({ evaluations: 3 });
  });

  test.each([[{}], [{ relay: 'a', records: [{}] }], [{ relay: 'a', records: [{ kind: 'x', at: 'now' }] }]])(
    'a report %j is refused',
    async (body) => {
      const { status, body: problem } = await admin(centre.url)('POST', 'audit', { body });
      expect([status, problem['detail']]).toEqual([400, expect.stringContaining('the body must be')]);
    },
  );
});

test('a chain of three converges after each link has been cut', { timeout: 180_000 }, async () => {
  const links: TcpProxy[] = [];
  let url = centre.url;
  for (let length = 0; length < 3; length += 1) {
    const proxy = await proxyOf(url);
    links.push(proxy);
    ({ url } = await relayOf(`http://127.0.0.1:${proxy.port}`));
  }
  const provider = await providerOf(url);
  for (const [index, link] of links.entries()) {
    link.cut();
    const revision = await change({ ...fees, metadata: { cut: index } });
    link.heal();
    await expect.poll(() => provider.revision, patient).toBe(revision);
  }
});

describe('a relay does not start', () => {
  test('on a token that may not read the definitions', async () => {
    const file = `${folder}/tokens.json`;
    const [definitions, evaluate] = [
      await tokenIn(file, { name: 'relay', scope: 'definitions' }),
      await tokenIn(file, { name: 'web', scope: 'evaluate' }),
    ];
    const guarded = await serve({ flags: { fees } }, { tokens: file });
    closing.push(() => guarded.close());
    await expect(relayOf(guarded.url)).rejects.toThrow(/scope definitions/);
    await expect(relayOf(guarded.url, { token: evaluate })).rejects.toThrow(/scope definitions/);
    const relay = await relayOf(guarded.url, { token: definitions });
    expect(await revisionOf(relay.url)).toBeDefined();
    const write = await fetch(`${guarded.url}/api/v1/environments/default/kill`, {
      method: 'POST',
      headers: { ...bearer(definitions), 'content-type': 'application/json' },
      body: '{"flag":"fees"}',
    });
    expect(write.status).toBe(403);
  });

  test('on its own address, and reports a loop that closes later', async () => {
    const port = Number(new URL(centre.url).port);
    await expect(relayOf(centre.url, {}, { port })).rejects.toThrow(/is this server itself/);
    const proxy = await proxyOf(centre.url);
    const relay = await relayOf(`http://127.0.0.1:${proxy.port}`);
    const below = await relayOf(relay.url);
    proxy.cut();
    proxy.redirect(below.port);
    proxy.heal();
    await expect
      .poll(async () => JSON.stringify((await health(relay.url))['upstream']), patient)
      .toContain('has its flags from this server');
    expect((await health(relay.url))['status']).toBe('degraded');
  });

  test.each([
    ['2.0.0 other', 'runs version 2.0.0, and this relay 0.'],
    [undefined, 'did not name its version'],
  ])('on a server that is %s', async (version, message) => {
    const other = createHttpServer((_request, response) => {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        ...(version !== undefined && { 'graylane-server': version }),
      });
      response.flushHeaders();
    });
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
    closing.push(async () => other.close().closeAllConnections());
    const { port } = other.address() as AddressInfo;
    await expect(relayOf(`http://127.0.0.1:${port}`)).rejects.toThrow(message);
  });

  test('without its environment', async () => {
    await expect(relayOf(centre.url, { environments: ['staging'] })).rejects.toThrow(/staging/);
  });
});
