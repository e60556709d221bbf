import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { postgres, startPostgres, type Postgres } from '../../../../test/components/services/postgres.ts';
import { freePort } from '../../../../test/support/supervised.ts';
import { migrate, shippedMigrations } from '../../src/store/postgres/database/migrate.ts';
import { parseAddress } from '../../src/store/postgres/database/address.ts';
import { Session } from '../../src/store/postgres/database/session.ts';
import { admin } from '../support/admin.ts';
import { serveDatabase, type ServedReplica } from '../support/database.ts';
import { fees } from '../support/serve.ts';

await describeWith(postgres, 'a database that can not be used', () => {
  let server: Postgres;
  let count = 0;
  let open: ServedReplica[] = [];

  beforeAll(async () => {
    server = await startPostgres();
    await server.run(`create role reader login; create role ada login password 'secret'`);
  });
  afterAll(() => server.close());
  afterEach(async () => {
    for (const replica of open) await replica.server.close();
    open = [];
  });

  test('is refused at the start with the remedy, and never with the password', async () => {
    const url = await newDatabase();
    const nobody = `postgres://nobody:s3cret@127.0.0.1:${server.port}/${nameOf(url)}`;
    const missing = url.replace(nameOf(url), 'missing');
    const reader = url.replace('postgres@', 'reader@');
    const silent = `postgres://ada:s3cret@127.0.0.1:${await freePort()}/db`;
    const cases: ReadonlyArray<readonly [url: string, words: RegExp]> = [
      [nobody, /role "nobody" does not exist.*: correct the user in --database/],
      [missing, /database "missing" does not exist.*: create the database, or correct its name/],
      [reader, /permission denied for database.*: let the user create the schema graylane/],
      [silent, /ECONNREFUSED.*: start it, or correct the host and port in --database/],
      ['postgres://ada:s3cret@db.invalid/db', /ENOTFOUND.*: correct the host in --database|EAI_AGAIN/],
      ['mysql://ada:s3cret@localhost/db', /begins with mysql:: use postgres:\/\/USER/],
    ];
    for (const [given, words] of cases) {
      const error = await serve(given).then(
        () => new Error('it started'),
        (reason: unknown) => reason as Error,
      );
      expect(error.message).toMatch(words);
      expect(error.message).not.toContain('s3cret');
    }
  });

  test('is refused with a wrong password', async () => {
    const hba = await server.run('show hba_file');
    const before = readFileSync(hba, 'utf8');
    writeFileSync(hba, `host all ada 127.0.0.1/32 scram-sha-256\n${before}`);
    await server.run('select pg_reload_conf()');
    const url = (await newDatabase()).replace('postgres@', 'ada:wrong@');
    await expect(serve(url)).rejects.toThrow(
      /password authentication failed.*: correct the user and the password in --database/,
    );
    writeFileSync(hba, before);
    await server.run('select pg_reload_conf()');
  });

  test('is refused if it is read-only, unless the server is, too', async () => {
    const url = await newDatabase();
    await (await serve(url)).server.close();
    open = [];
    await server.run(`alter database ${nameOf(url)} set default_transaction_read_only = on`);
    await expect(serve(url)).rejects.toThrow(
      /is read-only: name the primary in --database, or start .* --read-only/,
    );
    const replica = await serve(url, { readOnly: true });
    expect(await put(replica)).toMatchObject({ status: 403 });
    await expect.poll(() => health(replica)).toMatchObject({ status: 'ok' });
  });

  test('that becomes read-only makes a running server degraded, with the reason, until it is writable', async () => {
    const url = await newDatabase();
    const replica = await serve(url);
    await server.run(`alter database ${nameOf(url)} set default_transaction_read_only = on`);
    await terminate(url);
    await expect
      .poll(() => put(replica))
      .toMatchObject({
        status: 503,
        body: {
          detail: expect.stringContaining('is read-only, as a standby is: nothing was written; make it'),
        },
      });
    await expect
      .poll(() => health(replica))
      .toMatchObject({
        status: 'degraded',
        database: { message: expect.stringContaining('read-only') },
      });
    expect((await fetch(`${replica.managementUrl}/readyz`)).status).toBe(200);
    await server.run(`alter database ${nameOf(url)} set default_transaction_read_only = off`);
    await terminate(url);
    await expect.poll(async () => (await health(replica))['status']).toBe('ok');
    expect(await put(replica)).toMatchObject({ status: 201 });
  });

  test('of a later version, or with a changed migration, is refused with the remedy', async () => {
    const url = await newDatabase();
    await (await serve(url)).server.close();
    open = [];
    const name = nameOf(url);
    await server.run(`insert into graylane.migrations values ('9999-later.sql', 'abc')`, name);
    await expect(serve(url)).rejects.toThrow(
      /migrated by a later version of this server \(9999-later\.sql\): upgrade this server/,
    );
    await server.run(`delete from graylane.migrations where name = '9999-later.sql'`, name);
    await server.run(`update graylane.migrations set sha256 = 'abc' where name = '0001-store.sql'`, name);
    await expect(serve(url)).rejects.toThrow(
      /migration 0001-store\.sql of this server differs .*: install the package again/,
    );
  });

  test('is migrated as a whole or not at all', async () => {
    const session = new Session({ address: parseAddress(await newDatabase()), isDirect: true });
    const shipped = await shippedMigrations();
    const broken = { name: '9999-broken.sql', sql: 'create table graylane.half (id int);\nselect nonsense;' };
    await expect(migrate(session, [...shipped, broken])).rejects.toThrow('nonsense');
    await migrate(session, shipped);
    const fixed = { name: '9999-fixed.sql', sql: 'create table graylane.half (id int);' };
    await migrate(session, [...shipped, fixed]);
    await migrate(session, [...shipped, fixed]);
    const applied = await session.transaction(
      (statement) => statement<{ name: string }>`select name from graylane.migrations order by name`,
    );
    expect(applied.map(({ name }) => name)).toEqual([...shipped, fixed].map(({ name }) => name));
    session.close();
  });

  test('that was put back to an earlier state is not written, and the reason is shown', async () => {
    const url = await newDatabase();
    const replica = await serve(url);
    expect(await put(replica)).toMatchObject({ status: 201 });
    await server.run(`delete from graylane.revisions where n = 2`, nameOf(url));
    const refused = await admin(replica.url)('PUT', 'flags/fees', {
      body: { ...fees, defaultVariant: 'on' },
      headers: { 'if-match': '*' },
    });
    expect(refused.status).toBe(503);
    expect(refused.body['detail']).toContain(
      'another history than before, as after a restore: restart this server',
    );
    await expect.poll(async () => (await health(replica))['status']).toBe('degraded');
  });

  async function put(
    replica: ServedReplica,
  ): Promise<{ status: number; body: Readonly<Record<string, unknown>> }> {
    return admin(replica.url)('PUT', 'flags/fees', { body: fees, headers: { 'if-none-match': '*' } });
  }

  async function health(replica: ServedReplica): Promise<Record<string, unknown>> {
    return (await (await fetch(`${replica.managementUrl}/healthz`)).json()) as Record<string, unknown>;
  }

  async function terminate(url: string): Promise<void> {
    await server.run(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'graylane' and datname = '${nameOf(url)}'`,
    );
  }

  async function newDatabase(): Promise<string> {
    count += 1;
    return server.createDatabase(`fault_${count}`);
  }

  async function serve(url: string, settings: { readonly readOnly?: boolean } = {}): Promise<ServedReplica> {
    const replica = await serveDatabase(url, settings);
    open.push(replica);
    return replica;
  }
});

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
