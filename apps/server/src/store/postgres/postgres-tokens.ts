import type { TokenRecord } from '../../tokens/token-record.ts';
import type { TokenStore } from '../../tokens/token-store.ts';
import type { Database } from './database/database.ts';
import type { Occasion } from './database/listener.ts';
import type { Statement } from './database/session.ts';

/** Notifications have no payload; tokens are also read once in so many probes. */
const probesBetween = 5;

/** The tokens in a PostgreSQL, which all servers of the database share. */
export class PostgresTokens implements TokenStore {
  readonly place: string;
  readonly #database: Database;

  constructor(database: Database) {
    this.place = `the database ${database.shown}`;
    this.#database = database;
  }

  read(): Promise<readonly TokenRecord[] | undefined> {
    return this.#database.read(readTokens);
  }

  async update<T extends { readonly records: readonly TokenRecord[] }>(
    change: (records: readonly TokenRecord[]) => T,
  ): Promise<T> {
    return this.#database.write(async (statement) => {
      await statement`lock table graylane.tokens in exclusive mode`;
      const before = (await readTokens(statement)) ?? [];
      const changed = change(before);
      await saveTokens(statement, before, changed.records);
      await statement`select pg_notify('graylane', 'tokens')`;
      return changed;
    });
  }

  watch(onChange: () => void): () => void {
    let isWatched = true;
    let probes = 0;
    this.#database.listener.add({
      follow: (_session, occasion: Occasion) => {
        probes = occasion === 'timer' ? probes + 1 : 0;
        if (isWatched && probes % probesBetween === 0) onChange();
        return Promise.resolve();
      },
    });
    return () => {
      isWatched = false;
    };
  }
}

/** Writes the tokens that differ. */
export async function saveTokens(
  statement: Statement,
  before: readonly TokenRecord[],
  after: readonly TokenRecord[],
): Promise<void> {
  const known = new Map(before.map((record) => [record.id, JSON.stringify(record)]));
  for (const record of after) {
    const json = JSON.stringify(record);
    if (known.get(record.id) !== json) {
      await statement`
        insert into graylane.tokens (id, record) values (${record.id}, ${json})
        on conflict (id) do update set record = excluded.record`;
    }
    known.delete(record.id);
  }
  for (const id of known.keys()) {
    await statement`update graylane.tokens set revoked_at = now() where id = ${id}`;
  }
}

async function readTokens(statement: Statement): Promise<readonly TokenRecord[] | undefined> {
  const rows = await statement<{ record: string; revoked: boolean }>`
    select record, revoked_at is not null as revoked from graylane.tokens order by position`;
  if (rows.length === 0) return undefined;
  return rows.filter(({ revoked }) => !revoked).map(({ record }) => JSON.parse(record) as TokenRecord);
}
