import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { postgres, startPostgres, type Postgres } from '../../../../test/components/services/postgres.ts';
import { toDocument, toParsedDocument, type FlagDocument } from '../../src/model/document.ts';
import { storeOf } from '../../src/store/environments.ts';
import type { Term } from '../../src/store/leadership.ts';
import { differingParts } from '../../src/model/parts.ts';
import { noHash } from '../../src/store/journal/line.ts';
import { appendLine } from '../../src/store/postgres/revision-rows.ts';
import { TimeSlices } from '../../src/time-slices.ts';
import { Database } from '../../src/store/postgres/database/database.ts';
import { PostgresEnvironments } from '../../src/store/postgres/postgres-environments.ts';
import { fees } from '../support/serve.ts';
import { storeContract } from '../support/store-contract.ts';

const log = { info: () => {}, warn: () => {} };
const on = { ...fees, defaultVariant: 'on' };

await describeWith(postgres, 'PostgreSQL', () => {
  let server: Postgres;
  let count = 0;
  let open: PostgresEnvironments[] = [];

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close());
  afterEach(async () => {
    for (const replica of open) await replica.close();
    open = [];
  });

  storeContract('an environment of a database', async (document) => {
    const url = await newDatabase();
    await insert(url, document as FlagDocument);
    return { store: storeOf(await start(url), 'contract'), close: () => Promise.resolve() };
  });

  describe('replicas of one database', () => {
    test('have the same revisions, history and order of flags', async () => {
      const url = await newDatabase();
      const [one, other] = [await start(url), await start(url)];
      const [here, there] = [storeOf(one, 'default'), storeOf(other, 'default')];
      for (const key of ['b', 'a', 'c']) await here.write(() => put(key, fees));
      await there.write(() => put('a', on));
      await expect.poll(() => here.snapshot.revision).toBe(there.snapshot.revision);
      expect(toDocument(here.snapshot)).toEqual(toDocument(there.snapshot));
      expect(await here.history({ limit: 10 })).toEqual(await there.history({ limit: 10 }));
      const late = storeOf(await start(url), 'default');
      expect(late.snapshot.revision).toBe(here.snapshot.revision);
      expect([...late.snapshot.flags.keys()]).toEqual(['b', 'a', 'c']);
      expect([...here.snapshot.flags.keys()]).toEqual(['b', 'a', 'c']);
      expect(JSON.stringify(toDocument(late.snapshot))).toBe(JSON.stringify(toDocument(here.snapshot)));
    });

    test('write into each other, and lose nothing', async () => {
      const url = await newDatabase();
      const stores = await Promise.all([1, 2, 3].map(async () => storeOf(await start(url), 'default')));
      const seen: string[] = [];
      stores[0]?.onChange(({ revision }) => seen.push(revision.revision));
      await Promise.all(
        stores.flatMap((store) =>
          Array.from({ length: 20 }, () =>
            store.write((current) => {
              const { n = 0 } =
                (current.flags.get('count')?.definition as { metadata?: { n: number } })?.metadata ?? {};
              return put('count', { ...fees, metadata: { n: n + 1 } });
            }),
          ),
        ),
      );
      for (const store of stores) {
        await expect
          .poll(() => store.snapshot.flags.get('count')?.definition)
          .toMatchObject({ metadata: { n: 60 } });
      }
      expect(seen.map((revision) => Number(revision.split('.')[1]))).toEqual(
        Array.from({ length: 60 }, (_, index) => index + 2),
      );
    });

    test('create and remove environments together', async () => {
      const url = await newDatabase();
      const [one, other] = [await start(url), await start(url)];
      const document = toParsedDocument({ flags: { fees } });
      await one.create('staging', document, { author: 'ada' });
      await expect.poll(() => other.names).toEqual(['default', 'staging']);
      await expect(other.create('staging', document, { author: 'ada' })).rejects.toMatchObject({
        code: 'name_taken',
      });
      await other.remove('staging', () => ({ author: 'ada' }));
      await expect.poll(() => one.names).toEqual(['default']);
      await one.create('staging', document, { author: 'ada' });
      await expect.poll(() => other.get('staging')?.snapshot.flags.size).toBe(1);
    });

    test('start together: one migrates, and one creates the environment "default"', async () => {
      const url = await newDatabase();
      const replicas = await Promise.all(Array.from({ length: 8 }, () => start(url)));
      const revisions = replicas.map((replica) => storeOf(replica, 'default').snapshot.revision);
      expect(new Set(revisions).size).toBe(1);
      expect(await server.run('select count(*) from graylane.revisions', nameOf(url))).toBe('1');
    });

    test('elect one leader, and another one when its connection ends; the old term can not write', async () => {
      const url = await newDatabase();
      const replicas = [await start(url), await start(url)];
      const terms: Array<Term & { readonly replica: PostgresEnvironments }> = [];
      for (const replica of replicas) replica.leadership.lead((term) => terms.push({ ...term, replica }));
      await expect.poll(() => terms).toHaveLength(1);
      const [first] = terms;
      const leader = first?.replica ?? expect.fail('there is no leader');
      const store = storeOf(leader, 'default');
      await store.write(() => put('fees', fees), { term: first?.number });
      await server.run(
        `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted`,
        nameOf(url),
      );
      await expect.poll(() => terms).toHaveLength(2);
      const [, second] = terms;
      expect(first?.ended.aborted).toBe(true);
      expect(second?.number).toBeGreaterThan(first?.number ?? Number.NaN);
      await expect(store.write(() => put('fees', on), { term: first?.number })).rejects.toMatchObject({
        code: 'stale_term',
      });
      await store.records.put('rollout', 'one', 1, { term: second?.number });
      await expect(store.records.put('rollout', 'one', 2, { term: first?.number })).rejects.toMatchObject({
        code: 'stale_term',
      });
      expect(await store.records.get('rollout', 'one')).toBe(1);
    });
  });

  async function newDatabase(options?: string): Promise<string> {
    count += 1;
    return server.createDatabase(`test_${count}`, options);
  }

  async function start(url: string): Promise<PostgresEnvironments> {
    const database = await Database.open({ url, log });
    const environments = await PostgresEnvironments.open(database);
    database.listener.start();
    open.push(environments);
    return environments;
  }
});

/** Writes an environment that has a broken flag, as an import may: the API would refuse it. */
async function insert(url: string, document: FlagDocument): Promise<void> {
  const database = await Database.open({ url, log });
  const changes = await differingParts(undefined, toParsedDocument(document), new TimeSlices());
  await database.write(async (statement) => {
    const [row] = await statement<{ id: number }>`
      insert into graylane.environments (name, history) values ('contract', 'abc') returning id`;
    const entry = { n: 1, at: new Date().toISOString(), author: 'test', changes };
    await appendLine(statement, row?.id ?? 0, noHash, entry);
  });
  await database.close();
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

function put(
  key: string,
  value: object | undefined,
): { author: string; edits: [{ path: ['flags', string]; value: unknown }] } {
  return { author: 'test', edits: [{ path: ['flags', key], value }] };
}
