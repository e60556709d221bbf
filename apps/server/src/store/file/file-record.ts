import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isObject } from '../../is-object.ts';
import type { TimeSlices } from '../../time-slices.ts';
import type { Journal } from '../journal/journal.ts';
import { sha256 } from './hash.ts';
import { readIfThere, syncFolder, writeDurably } from '../disk/staged-file.ts';

/** A revision of a journal: its number, and the hash of its line. */
interface Mark {
  readonly n: number;
  readonly line: string;
}

/** A revision that a flags file had, with the SHA-256 of the file's content. */
interface FiledRevision extends Mark {
  readonly sha256: string;
}

/** The revision of which a flags file was made. */
export interface FoundRevision {
  readonly n: number;
  /** Whether the file has exactly the content of that revision; else it was edited since. */
  readonly unchanged: boolean;
}

/**
 * Records, beside the flags file of an environment, the two revisions that the file had last. The
 * file follows the journal with a delay: after a crash the record shows how far it had come, and
 * which revision an edit by hand was made of.
 */
export class FileRecord {
  readonly #path: string;
  readonly #journal: Journal;
  #current: FiledRevision | undefined;

  constructor(flagsFile: string, journal: Journal) {
    this.#path = `${flagsFile}.record`;
    this.#journal = journal;
  }

  async mark(revision: string): Promise<Mark> {
    const n = Number(revision.split('.')[1]);
    return { n, line: await this.#journal.hashOf(n) };
  }

  /**
   * Records, durably, that the file is about to be replaced: to be called between staging and
   * renaming. Returns a function that takes it back.
   */
  async write(next: FiledRevision): Promise<() => Promise<void>> {
    const before = this.#current;
    await this.#save(before === undefined ? [next] : [before, next]);
    this.#current = next;
    return async () => {
      await this.#save(before === undefined ? [] : [before]);
      this.#current = before;
    };
  }

  /**
   * The revision of which a file was made; undefined if that is not known. `staged` is a
   * replacement that a crash has left.
   */
  async find(
    content: Buffer,
    staged: Buffer | undefined,
    slices: TimeSlices,
  ): Promise<FoundRevision | undefined> {
    const [newest, older] = (await this.#read()).toReversed();
    if (newest === undefined) return undefined;
    const hash = await sha256([content], slices);
    this.#current = [newest, older].find((one) => one?.sha256 === hash);
    if (this.#current) return { n: this.#current.n, unchanged: true };
    // While the newest content is still staged, the file was made of the older one.
    const pending = older && staged && (await sha256([staged], slices)) === newest.sha256;
    this.#current = pending ? older : newest;
    return { n: this.#current.n, unchanged: false };
  }

  async #save(filed: readonly FiledRevision[]): Promise<void> {
    const draft = `${this.#path}.next`;
    await writeDurably(draft, [Buffer.from(`${JSON.stringify({ filed })}\n`)]);
    await rename(draft, this.#path);
    await syncFolder(dirname(this.#path));
  }

  /**
   * The recorded revisions, as far as the journal has them: it may have been cut off or replaced.
   */
  async #read(): Promise<readonly FiledRevision[]> {
    const known: FiledRevision[] = [];
    for (const filed of parse(await readIfThere(this.#path))) {
      const { n, line } = filed;
      if (n <= this.#journal.length && (await this.#journal.hashOf(n)) === line) known.push(filed);
    }
    return known;
  }
}

/** An unreadable record, after a power loss, counts as a missing one. */
function parse(text: Buffer | undefined): readonly FiledRevision[] {
  try {
    const record: unknown = JSON.parse(text?.toString() ?? '');
    return isObject(record) && Array.isArray(record['filed']) ? (record['filed'] as FiledRevision[]) : [];
  } catch {
    return [];
  }
}
