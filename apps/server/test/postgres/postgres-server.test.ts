import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { postgres, startPostgres, type Postgres } from '../../../../test/components/postgres.ts';
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

  async function serve(url: string): Promise<ServedReplica> {
    const replica = await serveDatabase(url);
    open.push(replica);
    return replica;
  }
});

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
