import { open } from 'node:fs/promises';
import type { Verification } from '../verification.ts';
import { JournalCheck } from './journal-check.ts';
import { scanJournal } from './scan.ts';

/**
 * Checks a journal line by line: each hash must cover the line before, and each change must begin
 * with the values that the changes before it have left. Writes nothing.
 */
export async function verifyJournal(file: string, anchor: string | undefined): Promise<Verification> {
  const check = new JournalCheck(anchor);
  const handle = await open(file, 'r');
  try {
    const { head, torn, damaged } = await scanJournal(handle, (json, hash) => check.take(json, hash));
    if (damaged !== undefined) check.damaged();
    const unfinished = `${torn} bytes at the end are an unfinished revision that was never acknowledged`;
    return { ...check.result(head), notes: torn > 0 ? [unfinished] : [] };
  } finally {
    await handle.close();
  }
}
