import { readdir } from 'node:fs/promises';
import { pluralize } from '../../pluralize.ts';
import { verifyJournal } from '../../store/journal/verify.ts';

/** The options of `graylane-server verify DIR [--head HASH]`. */
export interface VerifyOptions {
  readonly folder: string;
  /** A hash that an earlier run has printed and that must still exist. */
  readonly head?: string | undefined;
}

/**
 * Checks the journals of a data folder, also beside a running server, and prints the result of
 * each. Returns the exit code: 0 if nothing was changed or cut off, else 1.
 */
export async function verifyCommand({ folder, head }: VerifyOptions): Promise<number> {
  let files: string[];
  try {
    files = await journals(folder);
  } catch (error) {
    console.error(`graylane-server: ${folder} is not a data folder: ${(error as Error).message}`);
    return 1;
  }
  let sound = true;
  let anchored = head === undefined;
  for (const file of files) {
    try {
      const { revisions, head: newest, hasAnchor, faults, notes } = await verifyJournal(file, head);
      anchored ||= hasAnchor;
      for (const fault of faults) console.error(`${file}: ${fault}`);
      for (const note of notes) console.log(`${file}: ${note}`);
      if (faults.length === 0) console.log(`${file}: ${pluralize(revisions, 'revision')}, head ${newest}`);
      else sound = false;
    } catch (error) {
      console.error(`${file}: ${(error as Error).message}`);
      sound = false;
    }
  }
  if (!anchored) console.error(`${folder}: no journal has the hash ${head}: lines were cut off or replaced`);
  return sound && anchored ? 0 : 1;
}

async function journals(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const shelf of ['environments', 'removed']) {
    const names = await readdir(`${folder}/${shelf}`).catch((error: NodeJS.ErrnoException) => {
      // A copy of the files alone has no empty folders.
      if (shelf === 'removed' && error.code === 'ENOENT') return [];
      throw error;
    });
    const visible = names.filter((name) => !name.startsWith('.')).toSorted();
    found.push(...visible.map((name) => `${folder}/${shelf}/${name}/journal.jsonl`));
  }
  return found;
}
