import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { postgres, startPostgres, type Postgres } from '../../../../test/components/services/postgres.ts';
import { TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { admin } from '../support/admin.ts';
import { serveDatabase, type ServedReplica } from '../support/database.ts';
import { exporterTo } from '../support/otlp.ts';
import { followStream } from '../support/follow.ts';
import { fees } from '../support/serve.ts';
import { bearer } from '../support/with-tokens.ts';

const bin = fileURLToPath(new URL('../../bin/graylane-server.js', import.meta.url));
const run = promisify(execFile);
const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

await describeWith(postgres, 'a server over PostgreSQL', () => {
  let server: Postgres;
  let count = 0;
  let open: ServedReplica[] = [];

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close());
  afterEach(async () => {
    for (const replica of open) await replica.server.close();
    open = [];
  });

  test('serves what another replica has written, with the same revision and history', async () => {
    const url = await newDatabase();
    const [one, other] = [await serve(url), await serve(url)];
    const stream = await followStream(`${other.url}/api/v1/environments/default/stream`);
    const written = await admin(one.url)('PUT', 'flags/fees', {
      body: fees,
      headers: { 'if-none-match': '*' },
    });
    expect(written.status).toBe(201);
    const revision = written.headers.get('graylane-revision') ?? 'none';
    await stream.events.until(({ id }) => id === revision);
    stream.close();
    const read = await admin(other.url)('GET', 'flags/fees');
    expect(read.headers.get('etag')).toBe(written.headers.get('etag'));
    const stale = { 'if-match': '"another"' };
    expect(await admin(other.url)('PUT', 'flags/fees', { body: fees, headers: stale })).toMatchObject({
      status: 412,
    });
    const history = await admin(one.url)('GET', 'history');
    expect((await admin(other.url)('GET', 'history')).body).toEqual(history.body);
    expect(await (await fetch(`${other.managementUrl}/healthz`)).json()).toMatchObject({ status: 'ok' });
  });

  test('adds up the usage of flags that its replicas get reports of', async () => {
    const url = await newDatabase();
    const [one, other] = [await serve(url), await serve(url)];
    await admin(one.url)('PUT', 'flags/fees', { body: fees, headers: { 'if-none-match': '*' } });
    const sees = async (replica: ServedReplica): Promise<number> =>
      (await admin(replica.url)('GET', 'flags/fees/usage')).status;
    await expect.poll(() => sees(other)).toBe(200);
    const attributes = { 'feature_flag.key': 'fees', 'feature_flag.result.variant': 'on' };
    const name = 'graylane.flag.evaluations';
    await exporterTo(one.url).metrics('payments', [{ name, attributes, value: 3 }]);
    await exporterTo(other.url).metrics('orders', [{ name, attributes, value: 4 }]);
    for (const replica of open) await replica.server.close();
    open = [];
    const later = await serve(url);
    const { body } = await admin(later.url)('GET', 'flags/fees/usage');
    expect(body).toMatchObject({ evaluations: 7, variants: [{ variant: 'on', evaluations: 7 }, {}] });
    expect(body['services']).toHaveLength(2);
  });

  test('counts the clients of all replicas, wherever they confirm a kill', async () => {
    const url = await newDatabase();
    const replicas = [await serve(url), await serve(url), await serve(url, { readOnly: true })];
    const [one] = replicas as [ServedReplica];
    await admin(one.url)('PUT', 'flags/fees', { body: fees, headers: { 'if-none-match': '*' } });
    const named = replicas.flatMap((replica, at) =>
      ['a', 'b'].map((instance, of) => ({
        stream: `${replica.url}/api/v1/environments/default/stream`,
        // One of two clients confirms at another replica than its stream ends at.
        confirmAt: replicas[(at + of) % replicas.length] ?? replica,
        name: { service: 'orders', instance: `${at}${instance}` },
      })),
    );
    const streams = await Promise.all(
      named.map(async ({ stream, name }) =>
        followStream(stream, { 'graylane-service': name.service, 'graylane-instance': name.instance }),
      ),
    );
    for (const replica of replicas) {
      const connected = async (): Promise<unknown> =>
        (await admin(replica.url)('GET', 'clients')).body['connected'];
      await expect.poll(connected).toBe(6);
    }
    const killing = admin(one.url)('POST', 'kill?wait=60', { body: { lane: 'gray' } });
    for (const [index, { confirmAt, name }] of named.entries()) {
      const seen = await streams[index]?.events.until(({ data }) => JSON.stringify(data).includes('$killed'));
      await admin(confirmAt.url)('POST', 'clients', { body: { ...name, revision: seen?.at(-1)?.id } });
    }
    expect((await killing).body).toMatchObject({
      clients: { connected: 6, confirmed: 6, unconfirmable: 0, lastMs: expect.any(Number) as number },
    });
    await replicas[2]?.server.close();
    open = open.filter((replica) => replica !== replicas[2]);
    const left = async (): Promise<unknown> => (await admin(one.url)('GET', 'clients')).body['connected'];
    await expect.poll(left).toBe(4);
    for (const stream of streams) stream.close();
  });

  test('lives and is ready without the database, and writes a kill of that time after a restart', async () => {
    const url = await newDatabase();
    const network = await TcpProxy.open(Number(new URL(url).port));
    const through = new URL(url);
    through.port = String(network.port);
    const cache = mkdtempSync(join(tmpdir(), 'graylane-replica-'));
    const replica = await serve(String(through), { cache });
    await admin(replica.url)('PUT', 'flags/fees', { body: fees, headers: { 'if-none-match': '*' } });
    network.cut();
    const health = async (): Promise<unknown> => (await fetch(`${replica.managementUrl}/healthz`)).json();
    await expect.poll(health).toMatchObject({ status: 'degraded', database: { message: expect.anything() } });
    for (const path of ['healthz', 'readyz']) {
      expect((await fetch(`${replica.managementUrl}/${path}`)).status).toBe(200);
    }
    const killed = await admin(replica.url)('POST', 'kill?wait=0', { body: { flag: 'fees' } });
    expect(killed.body).toMatchObject({ held: expect.any(String) as string });
    await replica.server.close();
    open = [];

    network.heal();
    const restarted = await serve(String(through), { cache });
    const kills = async (of: ServedReplica): Promise<unknown> =>
      (await admin(of.url)('GET', 'kill')).body['kills'];
    expect(await kills(restarted)).toMatchObject([{ flag: 'fees' }]);
    const other = await serve(url);
    await expect.poll(() => kills(other)).toMatchObject([{ flag: 'fees', held: false }]);
    for (const served of open) await served.server.close();
    open = [];
    await network.close();
    rmSync(cache, { recursive: true });
  });

  test('undoes on one replica what another has written', async () => {
    const url = await newDatabase();
    const [one, other] = [await serve(url), await serve(url)];
    const created = await admin(one.url)('PUT', 'flags/fees', {
      body: fees,
      headers: { 'if-none-match': '*' },
    });
    const revision = created.headers.get('graylane-revision') ?? '';
    await expect.poll(async () => (await admin(other.url)('GET', 'flags/fees')).status).toBe(200);
    const undone = await admin(other.url)('POST', `history/${revision}/undo`, { body: {} });
    expect(undone.status).toBe(200);
    await expect.poll(async () => (await admin(one.url)('GET', 'flags/fees')).status).toBe(404);
  });

  test('knows the tokens of the command line, and ends the streams of a revoked one on each replica', async () => {
    const url = await newDatabase();
    const made = await token('create', 'admin', '--scope', 'admin', '--database', url);
    const secret = made.stdout.trim();
    expect(made.stderr).toContain('from now on every request needs a token');
    const replicas = [await serve(url), await serve(url)];
    const reader = await admin(replicas[0]?.url ?? '')('POST', '/tokens', {
      body: { name: 'reader', scope: 'definitions' },
      headers: bearer(secret),
    });
    expect(reader.status).toBe(201);
    const headers = bearer(String(reader.body['token']));
    const streams = await Promise.all(
      replicas.map(async (replica) => {
        await expect
          .poll(async () => (await fetch(`${replica.url}/api/v1/environments`, { headers })).status)
          .toBe(200);
        return followStream(`${replica.url}/api/v1/environments/default/stream`, headers);
      }),
    );
    await token('revoke', 'reader', '--database', url);
    for (const stream of streams) await stream.ended.catch(() => undefined);
    for (const replica of replicas) {
      expect((await fetch(`${replica.url}/api/v1/environments`, { headers })).status).toBe(401);
    }
    const kept = await server.run('select record from graylane.tokens', nameOf(url));
    expect(kept).toContain('reader');
    expect(kept).not.toContain(secret);
  });

  test('takes a confirmation from another replica only with the token of the stream', async () => {
    const url = await newDatabase();
    const secret = (await token('create', 'admin', '--scope', 'admin', '--database', url)).stdout.trim();
    const [one, other] = [await serve(url), await serve(url)];
    const [orders, stranger] = await Promise.all(
      ['orders', 'stranger'].map(async (name) => {
        const body = { name, scope: 'definitions' };
        const made = await admin(one.url)('POST', '/tokens', { body, headers: bearer(secret) });
        const headers = bearer(String(made.body['token']));
        const status = async (): Promise<number> =>
          (await fetch(`${other.url}/api/v1/environments`, { headers })).status;
        await expect.poll(status).toBe(200);
        return headers;
      }),
    );
    const stream = `${one.url}/api/v1/environments/default/stream`;
    const names = ['a', 'b'].map((instance) => ({ service: 'orders', instance }));
    const streams = await Promise.all(
      names.map(async ({ service, instance }) =>
        followStream(stream, { ...orders, 'graylane-service': service, 'graylane-instance': instance }),
      ),
    );
    const [seen] = (await streams[0]?.events.take(1)) ?? [];
    for (const [index, headers = {}] of [stranger, orders].entries()) {
      const body = { ...names[index], revision: seen?.id };
      expect((await admin(other.url)('POST', 'clients', { body, headers })).status).toBe(204);
    }
    const confirmed = async (): Promise<unknown> => {
      const { body } = await admin(one.url)('GET', 'clients', { headers: bearer(secret) });
      const clients = body['clients'] as ReadonlyArray<Readonly<Record<string, unknown>>>;
      return Object.fromEntries(clients.map(({ instance, revision }) => [instance, revision !== null]));
    };
    await expect.poll(confirmed).toEqual({ a: false, b: true });
    for (const followed of streams) followed.close();
  });

  test('connects over TLS, again after a lost connection, and refuses a certificate that it can not verify', async () => {
    await server.useTls(fixture('renewed.pem'), fixture('renewed-key.pem'));
    const url = await newDatabase();
    await expect.poll(() => server.run('show ssl')).toBe('on');
    const replica = await serve(`${url}?sslmode=require`);
    const encrypted = async (): Promise<string> =>
      server.run(
        `select count(*) from pg_stat_ssl join pg_stat_activity using (pid)
         where ssl and application_name = 'graylane' and datname = '${nameOf(url)}'`,
      );
    const put = async (n: number): Promise<number> => {
      const headers = { 'if-none-match': '*' };
      return (await admin(replica.url)('PUT', `flags/flag-${n}`, { body: fees, headers })).status;
    };
    expect(await put(0)).toBe(201);
    expect(Number(await encrypted())).toBeGreaterThanOrEqual(2);
    await server.run(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${nameOf(url)}'`,
    );
    await expect.poll(() => put(1)).toBe(201);
    await expect
      .poll(async () => (await fetch(`${replica.managementUrl}/healthz`)).json())
      .toMatchObject({ status: 'ok' });
    await expect(serve(`${url}?sslmode=verify-full`)).rejects.toThrow(/certificate|self-signed/);
  });

  async function token(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
    return run(process.execPath, [bin, 'token', ...args]);
  }

  async function newDatabase(): Promise<string> {
    count += 1;
    return server.createDatabase(`served_${count}`);
  }

  async function serve(
    url: string,
    settings: Parameters<typeof serveDatabase>[1] = {},
  ): Promise<ServedReplica> {
    const replica = await serveDatabase(url, settings);
    open.push(replica);
    return replica;
  }
});

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
