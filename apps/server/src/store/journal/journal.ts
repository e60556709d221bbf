import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Log } from '../../log.ts';
import type { Authorship, Condition, FlagDocument, HistoryPage, Revision } from '../flag-store.ts';
import { formatLine, parseLine, sha256, type JournalEntry } from './line.ts';
import { withEdits } from '../../model/parts.ts';
import { newHistory, touches, type NewRevision, type RevisionLog } from './revision-log.ts';
import { scanJournal } from './scan.ts';
import { syncFolder } from '../file/staged-file.ts';

/** Every so many revisions the whole document goes into the journal. */
const documentEvery = 500;

/** How many bytes are read at once where many lines are. */
const blockSize = 1 << 20;

/** How a journal is opened. */
export interface JournalOptions {
  readonly file: string;
  readonly log: Log;
  /** Whether this process may still write: asked before each line. */
  readonly isHeld: () => Promise<boolean>;
}

/**
 * A durable history: an append-only file with a hash a line, each standing on the one before. A revision is on disk before anybody is told.
 * Its flags file is the snapshot of its head.
 */
export class Journal implements RevisionLog {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #isHeld: () => Promise<boolean>;
  readonly #offsets: number[];
  #history: string;
  #end: number;
  #head: string;
  /** Whether bytes of a failed append may stand behind the end. */
  #dirty = false;

  /**
   * Opens a journal, or begins one; a torn last line, which nobody was told of, is cut off.
   * @throws {Error} where a line has been damaged: what came after it can't be believed.
   */
  static async open({ file, log, isHeld }: JournalOptions): Promise<Journal> {
    const handle = await open(file, 'a+');
    try {
      const scan = await scanJournal(handle);
      if (scan.damaged !== undefined) {
        throw new Error(
          `the journal ${file} is damaged in line ${scan.damaged}: its hash does not fit. Restore the file from a backup; or, to begin ` +
            `a new history with the flags as they stand in the flags file, move the journal away`,
        );
      }
      if (scan.torn > 0) {
        log.warn(`${file}: cut off ${scan.torn} bytes of a revision that was never finished`);
        await handle.truncate(scan.end);
        await handle.datasync();
      }
      await syncFolder(dirname(file));
      const journal = new Journal({
        file,
        handle,
        isHeld,
        offsets: [...scan.offsets],
        end: scan.end,
        head: scan.head,
      });
      if (scan.offsets.length > 0) {
        const { format, history = newHistory() } = await journal.#read(1);
        if (format !== 1) throw new Error(`the journal ${file} is of another version: upgrade this server`);
        journal.#history = history;
      }
      return journal;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private constructor({ file, handle, isHeld, offsets, end, head }: Opened) {
    this.#file = file;
    this.#handle = handle;
    this.#isHeld = isHeld;
    this.#offsets = offsets;
    this.#end = end;
    this.#head = head;
    this.#history = newHistory();
  }

  get head(): string | undefined {
    return this.#offsets.length > 0 ? `${this.#history}.${this.#offsets.length}` : undefined;
  }

  get journal(): NonNullable<Condition['journal']> {
    return { entries: this.#offsets.length, head: this.#head };
  }

  async append({ document, text, ...revision }: NewRevision): Promise<Revision> {
    const n = this.#offsets.length + 1;
    const at = new Date().toISOString();
    await this.#append({
      n,
      ...(n === 1 ? ({ format: 1, history: this.#history } as const) : {}),
      at,
      ...revision,
      file: sha256(text),
      ...(n % documentEvery === 0 ? { document } : {}),
    });
    return { revision: `${this.#history}.${n}`, at, ...revision };
  }

  /** The last entry of an environment that is to be removed. */
  async appendRemoval(authorship: Authorship, text: string): Promise<void> {
    const at = new Date().toISOString();
    const n = this.#offsets.length + 1;
    await this.#append({ n, at, ...authorship, changes: [], file: sha256(text), removed: true });
  }

  async find(revision: string): Promise<Revision | undefined> {
    const n = this.#numberOf(revision);
    return n === undefined ? undefined : this.#revision(await this.#read(n));
  }

  async page({ limit, before, part }: HistoryPage): Promise<readonly Revision[]> {
    const found: Revision[] = [];
    const from = before === undefined ? this.#offsets.length : (this.#numberOf(before) ?? 1) - 1;
    const words = part && Buffer.from(JSON.stringify(part));
    for await (const line of this.#linesFrom(from)) {
      // Most lines are about other flags: they need not be parsed to know that.
      if (words !== undefined && !line.includes(words)) continue;
      const revision = this.#revision(parseLine(line));
      if (part === undefined || touches(revision, part)) found.push(revision);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** Whether the last entry removes the environment. */
  async isRemoved(): Promise<boolean> {
    const n = this.#offsets.length;
    return n > 0 && (await this.#read(n)).removed === true;
  }

  /** The hashes of the flags file after the last revision and after the one before. */
  async fileHashes(): Promise<{ readonly last: string | undefined; readonly before: string | undefined }> {
    const n = this.#offsets.length;
    const hash = async (at: number): Promise<string | undefined> =>
      at > 0 ? (await this.#read(at)).file : undefined;
    return { last: await hash(n), before: await hash(n - 1) };
  }

  /** The newest document, made again from the journal alone. */
  async replay(): Promise<FlagDocument> {
    const changes: Array<JournalEntry['changes']> = [];
    let document: FlagDocument = { flags: {} };
    for await (const line of this.#linesFrom(this.#offsets.length)) {
      const entry = parseLine(line);
      if (entry.document) {
        ({ document } = entry);
        break;
      }
      changes.unshift(entry.changes);
    }
    const edits = changes.flat().map(({ path, after }) => ({ path, value: after }));
    return withEdits(document, edits);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #append(entry: JournalEntry): Promise<void> {
    await this.#refuseForeignLines();
    const { hash, line } = formatLine(this.#head, entry);
    try {
      this.#dirty = true;
      await this.#handle.appendFile(line);
      await this.#handle.datasync();
    } catch (error) {
      await this.#cut();
      throw error;
    }
    this.#dirty = false;
    this.#offsets.push(this.#end);
    this.#end += line.length;
    this.#head = hash;
  }

  /** Another writer, which the lock should have kept out, must not be overwritten. */
  async #refuseForeignLines(): Promise<void> {
    if (!(await this.#isHeld())) throw foreign(`another server has taken the lock of ${this.#file}`);
    if (this.#dirty) await this.#handle.truncate(this.#end);
    this.#dirty = false;
    const { size } = await this.#handle.stat();
    if (size === this.#end) return;
    throw foreign(
      `${this.#file} has ${size} bytes instead of ${this.#end}, so something else has written to it`,
    );
  }

  async #cut(): Promise<void> {
    try {
      await this.#handle.truncate(this.#end);
      this.#dirty = false;
    } catch {
      // The disk is in trouble, as the caller is about to hear; it is cut before the next line.
    }
  }

  async #read(n: number): Promise<JournalEntry> {
    return parseLine(await this.#line(n));
  }

  async #line(n: number): Promise<Buffer> {
    return this.#bytes(this.#startOf(n), this.#startOf(n + 1) - 1);
  }

  /** A line and those before it, the newest first, read in blocks. */
  async *#linesFrom(n: number): AsyncGenerator<Buffer> {
    for (let last = n, first = n; last > 0; last = first - 1) {
      const end = this.#startOf(last + 1);
      for (first = last; first > 1 && end - this.#startOf(first - 1) <= blockSize;) first -= 1;
      const start = this.#startOf(first);
      const bytes = await this.#bytes(start, end);
      for (let line = last; line >= first; line -= 1) {
        yield bytes.subarray(this.#startOf(line) - start, this.#startOf(line + 1) - start - 1);
      }
    }
  }

  async #bytes(start: number, end: number): Promise<Buffer> {
    const { buffer } = await this.#handle.read(Buffer.alloc(end - start), 0, end - start, start);
    return buffer;
  }

  /** Where a line begins; of the one after the last, where it will. */
  #startOf(n: number): number {
    return this.#offsets[n - 1] ?? this.#end;
  }

  #revision({ n, at, author, reason, undoes, changes }: JournalEntry): Revision {
    return { revision: `${this.#history}.${n}`, at, author, reason, undoes, changes };
  }

  #numberOf(revision: string): number | undefined {
    const [history, number = ''] = revision.split('.');
    const n = Number(number);
    const known = history === this.#history && /^[1-9]\d*$/.test(number) && n <= this.#offsets.length;
    return known ? n : undefined;
  }
}

interface Opened extends Omit<JournalOptions, 'log'> {
  readonly handle: FileHandle;
  readonly offsets: number[];
  readonly end: number;
  readonly head: string;
}

/** Like an error of the system: the disk is not ours any more. */
function foreign(message: string): Error {
  return Object.assign(new Error(`${message}: start this server anew`), { syscall: 'write' });
}
