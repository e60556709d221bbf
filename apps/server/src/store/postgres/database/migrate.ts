import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { packageFile } from '../../../package/package-file.ts';
import type { Session, Statement } from './session.ts';

/** One step of the schema: a file of SQL statements, which never changes once it was released. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** The lock under which one of several servers that start together migrates. */
const migrationLock = 7_367_117_001;

/** The oldest version of PostgreSQL that has all settings that are used. */
const oldestVersion = 140_000;

/** How long a server waits for another one that migrates. */
const patienceMs = 120_000;

/** The migrations that are part of this version, in their order. */
export async function shippedMigrations(): Promise<readonly Migration[]> {
  const folder = packageFile('migrations/');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
  return Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(new URL(name, folder), 'utf8') })),
  );
}

/**
 * Brings the schema `graylane` to this version, in one transaction under a lock. Writes nothing if
 * it is there already, so that a standby can be read.
 * @throws {Error} if the schema is newer, one of its migrations was changed, or the database can't
 *   be used: too old, or not in UTF-8.
 */
export async function migrate(session: Session, migrations: readonly Migration[]): Promise<void> {
  const isDone = await session.transaction(async (statement) => {
    await requireUsable(statement);
    return (await pending(statement, migrations)).length === 0;
  });
  if (isDone) return;
  await session.transaction(
    async (statement) => {
      await statement`select set_config('lock_timeout', ${String(patienceMs)}, true),
                             set_config('statement_timeout', ${String(patienceMs)}, true)`;
      await statement`select pg_advisory_xact_lock(${migrationLock})`;
      await statement`create schema if not exists graylane`;
      await statement`create table if not exists graylane.migrations (
        name text primary key, sha256 text not null, applied_at timestamptz not null default now())`;
      for (const migration of await pending(statement, migrations)) {
        const { name, sql } = migration;
        await runAll(statement, sql);
        await statement`insert into graylane.migrations (name, sha256) values (${name}, ${sha256(migration)})`;
      }
    },
    { silenceMs: 2 * patienceMs },
  );
}

/** The migrations that the database does not have yet. */
async function pending(
  statement: Statement,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  const [{ exists } = { exists: false }] = await statement<{ exists: boolean }>`
    select to_regclass('graylane.migrations') is not null as exists`;
  if (!exists) return migrations;
  const applied = await statement<Applied>`select name, sha256 from graylane.migrations order by name`;
  for (const { name, sha256: hash } of applied) {
    const own = migrations.find((migration) => migration.name === name);
    if (own === undefined) {
      throw new Error(
        `the schema graylane was migrated by a later version of this server (${name}): upgrade this server, or restore a backup of the database from before`,
      );
    }
    if (sha256(own) !== hash) {
      throw new Error(
        `the migration ${name} of this server differs from the one that the database has: install the package again, unchanged, or restore the database that belongs to it`,
      );
    }
  }
  return migrations.slice(applied.length);
}

interface Applied {
  readonly name: string;
  readonly sha256: string;
}

async function requireUsable(statement: Statement): Promise<void> {
  const [server] = await statement<{ version: number; encoding: string }>`
    select current_setting('server_version_num')::int as version,
           current_setting('server_encoding') as encoding`;
  if (server === undefined) return;
  if (server.version < oldestVersion) {
    throw new Error(`PostgreSQL ${Math.floor(server.version / 10_000)} is too old: use version 14 or newer`);
  }
  if (server.encoding !== 'UTF8') {
    throw new Error(`the database has the encoding ${server.encoding}: create it with ENCODING 'UTF8'`);
  }
}

/** Runs the statements of a file, one after another: a prepared statement can't hold several. */
async function runAll(statement: Statement, sql: string): Promise<void> {
  const bare = sql.replaceAll(/^\s*--.*$/gm, '');
  for (const one of bare.split(/;\s*$/m).map((text) => text.trim())) {
    if (one !== '') await statement(Object.assign([one], { raw: [one] }));
  }
}

function sha256({ sql }: Migration): string {
  return createHash('sha256').update(sql).digest('hex');
}
