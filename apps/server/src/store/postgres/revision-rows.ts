import { createHash } from 'node:crypto';
import type { PartChange, PartPath } from '../../model/document.ts';
import type { HistoryPage, Revision } from '../../model/revision.ts';
import { formatLine, type JournalEntry } from '../journal/line.ts';
import { TimeSlices } from '../../time-slices.ts';
import { HistoryReplaced } from './database/database-error.ts';
import type { Statement } from './database/session.ts';

/** A revision as a row: its place in the order of all revisions, and its line of a journal. */
export interface RevisionRow {
  readonly rev: number;
  readonly environment: number;
  readonly name: string;
  readonly history: string;
  readonly hash: string;
  readonly line: string;
}

/** A revision that is to be written. */
export interface NewRow {
  readonly environment: number;
  readonly n: number;
  readonly hash: string;
  readonly line: string;
  readonly changes: readonly PartChange[];
}

/** Which revision a copy in memory has last; its hash shows whether the database still has it. */
export interface Position {
  readonly rev: number;
  readonly hash: string;
}

const pageSize = 500;

/** Lines can be long, so fewer are read at once. */
const linesAtOnce = 200;

/**
 * The revisions after a position, in the order in which they were committed.
 * @throws {HistoryReplaced}
 */
export async function readAfter(
  statement: Statement,
  { rev, hash }: Position,
): Promise<readonly RevisionRow[]> {
  const found: RevisionRow[] = [];
  for (let from = rev; ;) {
    const rows = await statement<RevisionRow>`
      select r.rev, r.environment, e.name, e.history, r.hash,
             case when r.rev = ${from} then '' else r.line end as line
      from graylane.revisions r join graylane.environments e on e.id = r.environment
      where r.rev >= ${from} order by r.rev limit ${pageSize}`;
    const [first] = rows;
    if (from === rev && rev > 0 && (first?.rev !== rev || first.hash !== hash)) throw new HistoryReplaced();
    found.push(...(from === 0 ? rows : rows.slice(1)));
    if (rows.length < pageSize) return found;
    from = found.at(-1)?.rev ?? from;
  }
}

/** Writes a revision and the parts that it changes. Returns its place in the order. */
export async function insertRevision(statement: Statement, row: NewRow): Promise<number> {
  const { environment, n, hash, line, changes } = row;
  const parts = JSON.stringify(
    changes.map(({ path, after }) => ({
      key: keyOf(path),
      path: JSON.stringify(path),
      value: after === undefined ? null : JSON.stringify(after),
    })),
  );
  const [written] = await statement<{ rev: number }>`
    with part as (
      select key, path, value from rows from (
        json_to_recordset(${parts}::text::json) as (key text, path text, value text)
      ) with ordinality as p (key, path, value, place) order by place
    ), written as (
      insert into graylane.revisions (environment, n, hash, line)
      values (${environment}::bigint, ${n}::bigint, ${hash}, ${line}) returning rev
    ), kept as (
      insert into graylane.parts (environment, key, path, value)
      select ${environment}::bigint, key, path, value from part where value is not null
      on conflict (environment, key) do update set value = excluded.value
    ), removed as (
      delete from graylane.parts using part
      where parts.environment = ${environment}::bigint and parts.key = part.key and part.value is null
    ), touched as (
      insert into graylane.touched (environment, key, n)
      select ${environment}::bigint, key, ${n}::bigint from part
    )
    select rev, pg_notify('graylane', 'revisions') from written`;
  return written?.rev ?? 0;
}

/** The place of a new revision, and its line. */
export interface Appended {
  readonly rev: number;
  readonly n: number;
  readonly hash: string;
  readonly line: string;
}

/** Writes the line of an entry, with a hash that covers the line before. */
export async function appendLine(
  statement: Statement,
  environment: number,
  hashBefore: string,
  entry: JournalEntry,
): Promise<Appended> {
  const { hash, pieces } = await formatLine(hashBefore, entry, new TimeSlices());
  // Without the hash and the newline around it.
  const line = Buffer.concat(pieces.slice(1, -1)).toString();
  const { n, changes } = entry;
  return { rev: await insertRevision(statement, { environment, n, hash, line, changes }), n, hash, line };
}

/** Visits the lines of the history of an environment, oldest first. */
export async function eachLine(
  statement: Statement,
  environment: number,
  visit: (row: { readonly n: number; readonly hash: string; readonly line: string }) => Promise<void>,
): Promise<void> {
  for (let after = 0; ;) {
    const rows = await statement<{ n: number; hash: string; line: string }>`
      select n, hash, line from graylane.revisions
      where environment = ${environment} and n > ${after} order by n limit ${linesAtOnce}`;
    for (const row of rows) await visit(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < linesAtOnce) return;
    after = last.n;
  }
}

/** One page of the history of an environment, newest first. */
export async function readPage(
  statement: Statement,
  environment: number,
  { limit, before, part }: Omit<HistoryPage, 'before'> & { readonly before: number },
): Promise<readonly JournalEntry[]> {
  const rows =
    part === undefined
      ? await statement<{ line: string }>`
          select line from graylane.revisions
          where environment = ${environment} and n < ${before} order by n desc limit ${limit}`
      : await statement<{ line: string }>`
          select r.line from graylane.touched t
          join graylane.revisions r on r.environment = t.environment and r.n = t.n
          where t.environment = ${environment} and t.key = ${keyOf(part)} and t.n < ${before}
          order by t.n desc limit ${limit}`;
  return rows.map(({ line }) => JSON.parse(line) as JournalEntry);
}

/** A revision of a history, without what only the chain of hashes needs. */
export function toRevision(history: string, entry: JournalEntry): Revision {
  const { n, at, author, reason, undoes, changes } = entry;
  return { revision: `${history}.${n}`, at, author, reason, undoes, changes };
}

/** The key of a part: paths can be longer than an index allows. */
function keyOf(path: PartPath): string {
  return createHash('sha256').update(JSON.stringify(path)).digest('hex');
}
