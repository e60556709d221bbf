import type { RecordEdit } from '../../model/revision.ts';
import { parseRecords, type RecordReader } from '../records.ts';
import type { Statement } from './database/session.ts';

/** The records of an environment, as one transaction sees them. */
export function readRecords(statement: Statement, environment: number): RecordReader {
  return {
    get: async (kind, id) => {
      const [row] = await statement<{ value: string }>`
        select value from graylane.records
        where environment = ${environment} and kind = ${kind} and id = ${id}`;
      return row === undefined ? undefined : (JSON.parse(row.value) as unknown);
    },
    list: async (kind) => {
      const rows = await statement<{ id: string; json: string }>`
        select id, value as json from graylane.records
        where environment = ${environment} and kind = ${kind} order by id collate "C"`;
      return parseRecords(rows);
    },
  };
}

/** All records of an environment, of all kinds. */
export async function allRecords(statement: Statement, environment: number): Promise<readonly RecordEdit[]> {
  const rows = await statement<{ kind: string; id: string; value: string }>`
    select kind, id, value from graylane.records where environment = ${environment} order by kind, id`;
  return rows.map(({ kind, id, value }) => ({ kind, id, value: JSON.parse(value) as unknown }));
}

/** Writes records in the transaction of a revision, or alone. */
export async function writeRecords(
  statement: Statement,
  environment: number,
  edits: readonly RecordEdit[],
): Promise<void> {
  if (edits.length === 0) return;
  // Of several edits of one record, the last one counts.
  const last = new Map(edits.map((edit) => [JSON.stringify([edit.kind, edit.id]), edit]));
  const rows = [...last.values()].map(({ kind, id, value }) => ({
    kind,
    id,
    value: (JSON.stringify(value) as string | undefined) ?? null,
  }));
  await statement`
    with edit as (
      select * from json_to_recordset(${JSON.stringify(rows)}::text::json) as e (kind text, id text, value text)
    ), removed as (
      delete from graylane.records r using edit
      where r.environment = ${environment}::bigint and r.kind = edit.kind and r.id = edit.id
        and edit.value is null
    )
    insert into graylane.records (environment, kind, id, value)
    select ${environment}::bigint, kind, id, value from edit where value is not null
    on conflict (environment, kind, id) do update set value = excluded.value`;
}
