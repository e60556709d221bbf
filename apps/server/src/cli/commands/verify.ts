import { readdir } from 'node:fs/promises';
import { pluralize } from '../../pluralize.ts';
import { verifyJournal } from '../../store/journal/verify.ts';
import { verifyDatabase } from '../../store/postgres/verify-database.ts';
import type { Verification } from '../../store/verification.ts';
import { withDatabase, type StorePlace } from './archive.ts';

/** The options of `graylane-server verify [DIR] [--database URL] [--head HASH]`. */
export interface VerifyOptions {
  readonly at: StorePlace;
  /** A hash that an earlier run has printed and that must still exist. */
  readonly head?: string | undefined;
}

/**
 * Checks the history in a data folder or a database, also beside a running server, and prints the
 * result of each environment. Returns the exit code: 0 if nothing was changed or cut off, else 1.
 */
export async function verifyCommand({ at, head }: VerifyOptions): Promise<number> {
  const report = new Report(head);
  try {
    if ('data' in at) await verifyFolder(at.data, report);
    else {
      const results = await withDatabase(at, (database) => verifyDatabase(database, head));
      for (const result of results) report.add(`environment ${result.name}`, result);
    }
  } catch (error) {
    report.fail(`graylane-server: ${(error as Error).message}`);
  }
  return report.exitCode();
}

async function verifyFolder(folder: string, report: Report): Promise<void> {
  const files = await journals(folder).catch((error: unknown) => {
    throw new Error(`${folder} is not a data folder: ${(error as Error).message}`, { cause: error });
  });
  for (const file of files) {
    try {
      report.add(file, await verifyJournal(file, report.anchor));
    } catch (error) {
      report.fail(`${file}: ${(error as Error).message}`);
    }
  }
}

/** Prints results as they come. */
class Report {
  readonly anchor: string | undefined;
  #isSound = true;
  #isAnchored: boolean;

  constructor(anchor: string | undefined) {
    this.anchor = anchor;
    this.#isAnchored = anchor === undefined;
  }

  add(name: string, { revisions, head, hasAnchor, faults, notes }: Verification): void {
    this.#isAnchored ||= hasAnchor;
    for (const fault of faults) this.fail(`${name}: ${fault}`);
    for (const note of notes) console.log(`${name}: ${note}`);
    if (faults.length === 0) console.log(`${name}: ${pluralize(revisions, 'revision')}, head ${head}`);
  }

  fail(message: string): void {
    console.error(message);
    this.#isSound = false;
  }

  exitCode(): number {
    if (!this.#isAnchored) {
      console.error(`no journal has the hash ${this.anchor}: lines were cut off or replaced`);
    }
    return this.#isSound && this.#isAnchored ? 0 : 1;
  }
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
