import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { pgbouncer, startPgbouncer, type Pooler } from '../../../../test/components/services/pgbouncer.ts';
import { postgres, startPostgres, type Postgres } from '../../../../test/components/services/postgres.ts';
import { admin } from '../support/admin.ts';
import { serveDatabase, type ServedReplica } from '../support/database.ts';
import { followStream } from '../support/follow.ts';
import { fees } from '../support/serve.ts';

const both = {
  ...pgbouncer,
  available: async () => (await postgres.available()) && pgbouncer.available(),
};

await describeWith(both, 'a server behind PgBouncer, in transaction mode', () => {
  let server: Postgres;
  let pooler: Pooler;
  let direct: string;
  let pooled: string;
  let open: ServedReplica[] = [];

  beforeAll(async () => {
    server = await startPostgres();
    pooler = await startPgbouncer(server.port);
    direct = await server.createDatabase('pooled');
    pooled = `postgres://postgres@127.0.0.1:${pooler.port}/pooled`;
  });
  afterAll(async () => {
    await pooler.close();
    await server.close();
  });
  afterEach(async () => {
    for (const replica of open) await replica.server.close();
    open = [];
  });

  test('writes through the pooler, and listens past it', async () => {
    const [one, other] = [await serve(direct), await serve(direct)];
    const stream = await followStream(`${other.url}/api/v1/environments/default/stream`);
    for (let n = 0; n < 10; n += 1) {
      const written = await admin(one.url)('PUT', `flags/flag-${n}`, {
        body: fees,
        headers: { 'if-none-match': '*' },
      });
      expect(written.status).toBe(201);
      const revision = written.headers.get('graylane-revision');
      await stream.events.until(({ id }) => id === revision);
    }
    stream.close();
    expect((await admin(other.url)('GET', 'history')).body['revisions']).toHaveLength(11);
    expect(await (await fetch(`${one.managementUrl}/healthz`)).json()).toMatchObject({ status: 'ok' });
  });

  test('is refused where the direct URL is missing: a pooler can not LISTEN', async () => {
    await expect(serve(undefined)).rejects.toThrow(
      /leads to a pooler.*: name PostgreSQL itself with --database-direct/,
    );
  });

  async function serve(directDatabase: string | undefined): Promise<ServedReplica> {
    const replica = await serveDatabase(pooled, directDatabase === undefined ? {} : { directDatabase });
    open.push(replica);
    return replica;
  }
});
