import type { PartPath } from '../../model/document.ts';
import { jsonPath } from '../../model/parts.ts';
import { checkLine, noHash } from '../journal/line.ts';
import { JournalCheck } from '../journal/journal-check.ts';
import type { Verification } from '../verification.ts';
import type { Database } from './database/database.ts';
import type { Statement } from './database/session.ts';
import { eachLine } from './revision-rows.ts';

/**
 * Checks the history of each environment of a database, as `verifyJournal` checks a file, and
 * whether the flags that are served are those that the history leads to. Writes nothing.
 */
export async function verifyDatabase(
  database: Database,
  anchor: string | undefined,
): Promise<ReadonlyArray<Verification & { readonly name: string }>> {
  return database.read(async (statement) => {
    const environments = await statement<{ id: number; name: string; removed: boolean }>`
      select id, name, removed_at is not null as removed from graylane.environments order by id`;
    const results: Array<Verification & { readonly name: string }> = [];
    for (const { id, name, removed } of environments) {
      const result = await verifyEnvironment(statement, id, anchor);
      results.push({ name: removed ? `${name} (removed)` : name, ...result });
    }
    return results;
  }, 'isolation level repeatable read read only');
}

/** Checks the history of one environment, in a transaction that sees one state of the database. */
export async function verifyEnvironment(
  statement: Statement,
  environment: number,
  anchor?: string,
): Promise<Verification> {
  const check = new JournalCheck(anchor);
  let head = noHash;
  await eachLine(statement, environment, ({ hash, line }) => {
    const checked = checkLine(head, Buffer.from(`${hash} ${line}`));
    if (checked === undefined) check.damaged();
    else check.take(checked.json, hash);
    head = hash;
    return Promise.resolve();
  });
  const served = await statement<{ path: string; value: string }>`
    select path, value from graylane.parts where environment = ${environment}`;
  check.compare(
    new Map(
      served.map(({ path, value }) => [jsonPath(JSON.parse(path) as PartPath), JSON.parse(value) as unknown]),
    ),
  );
  return check.result(head);
}
