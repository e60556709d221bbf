import { isDeepStrictEqual } from 'node:util';
import { open } from 'node:fs/promises';
import type { JournalEntry } from './line.ts';
import { jsonPath } from '../../model/parts.ts';
import { scanJournal } from './scan.ts';
import type { Verification } from '../verification.ts';

/**
 * Checks a journal line by line: each hash must cover the line before, and each change must begin
 * with the values that the changes before it have left. Writes nothing.
 */
export async function verifyJournal(file: string, anchor: string | undefined): Promise<Verification> {
  const faults: string[] = [];
  const parts = new Map<string, unknown>();
  let hasAnchor = false;
  let line = 0;
  const handle = await open(file, 'r');
  try {
    const { offsets, head, torn, damaged } = await scanJournal(handle, (json, hash) => {
      line += 1;
      hasAnchor ||= hash === anchor;
      const entry = JSON.parse(json.toString()) as JournalEntry;
      faults.push(...misfits(entry, line, parts).map((fault) => `line ${line}: ${fault}`));
      for (const { path, after } of entry.changes) {
        if (after === undefined) parts.delete(jsonPath(path));
        else parts.set(jsonPath(path), after);
      }
    });
    if (damaged !== undefined) {
      faults.push(`line ${damaged}: its hash does not match: it, or a line before it, was changed`);
    }
    const unfinished = `${torn} bytes at the end are an unfinished revision that was never acknowledged`;
    return { revisions: offsets.length, head, hasAnchor, faults, notes: torn > 0 ? [unfinished] : [] };
  } finally {
    await handle.close();
  }
}

/** A chain can be forged as a whole; its changes must then still add up. */
function misfits({ n, changes }: JournalEntry, line: number, parts: ReadonlyMap<string, unknown>): string[] {
  return [
    ...(n === line ? [] : [`its number is ${n}`]),
    ...changes
      .filter((change) => !isDeepStrictEqual(change.before, parts.get(jsonPath(change.path))))
      .map(({ path }) => `${jsonPath(path)} does not begin with the value of the revision before`),
  ];
}
