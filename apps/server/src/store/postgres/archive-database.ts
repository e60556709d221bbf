import type { ArchivedEnvironment, ArchiveItem, ArchiveSink } from '../archive/archive.ts';
import { parseLine } from '../journal/line.ts';
import type { Database } from './database/database.ts';
import type { Statement } from './database/session.ts';
import { allRecords, writeRecords } from './record-rows.ts';
import { eachLine, insertRevision } from './revision-rows.ts';
import { writeLock } from './write-queue.ts';

/** Passes the environments of a database to a sink, as they are at one moment. */
export async function archiveDatabase(database: Database, sink: ArchiveSink): Promise<void> {
  await database.read(async (statement) => {
    const environments = await statement<{ id: number; name: string; removed: boolean }>`
      select id, name, removed_at is not null as removed from graylane.environments order by id`;
    for (const { id, name, removed } of environments) {
      await sink({ environment: name, removed, records: await allRecords(statement, id) });
      await eachLine(statement, id, ({ hash, line }) => sink({ line: `${hash} ${line}` }));
    }
  }, 'isolation level repeatable read read only');
}

/**
 * Fills an empty database from an archive, in one transaction, in which `finish` runs at the end.
 * @throws {Error} if the database has environments already, or the archive is damaged.
 */
export async function restoreDatabase(
  database: Database,
  items: AsyncIterable<ArchiveItem>,
  finish: (statement: Statement) => Promise<void>,
): Promise<void> {
  await database.write(async (statement) => {
    await statement`select pg_advisory_xact_lock(${writeLock})`;
    const [known] = await statement<{ count: number }>`select count(*) from graylane.environments`;
    if (known?.count !== 0) {
      throw new Error(
        `the database ${database.shown} has environments already: name an empty one with --database`,
      );
    }
    let head: ArchivedEnvironment | undefined;
    let environment = 0;
    for await (const item of items) {
      if ('environment' in item) [head, environment] = [item, 0];
      else if ('line' in item && head !== undefined) {
        const line = Buffer.from(item.line);
        const { n, history = '', changes, document } = parseLine(line);
        if (document !== undefined) {
          throw new Error(
            `revision ${n} of ${head.environment} is in the form of an early version, which a database can't hold`,
          );
        }
        if (n === 1) environment = await insertEnvironment(statement, head, history);
        const row = {
          environment,
          n,
          hash: line.toString('latin1', 0, 64),
          line: line.toString('utf8', 65),
          changes,
        };
        await insertRevision(statement, row);
      }
    }
    await finish(statement);
  });
}

async function insertEnvironment(
  statement: Statement,
  { environment, removed, records }: ArchivedEnvironment,
  history: string,
): Promise<number> {
  const [{ id } = { id: 0 }] = await statement<{ id: number }>`
    insert into graylane.environments (name, history, removed_at)
    values (${environment}, ${history}, case when ${removed} then now() end) returning id`;
  await writeRecords(statement, id, records);
  return id;
}
