import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Log } from '../../log.ts';
import type { Authorship, HistoryPage, RecordEdit, Revision } from '../../model/revision.ts';
import { TimeSlices } from '../../time-slices.ts';
import type { FileSlots } from '../disk/file-slots.ts';
import { syncFolder } from '../disk/staged-file.ts';
import { formatLine, parseLine, type JournalEntry } from './line.ts';
import { newHistory, touches, type NewRevision, type RevisionLog } from './revision-log.ts';
import type { Verification } from '../verification.ts';
import { verifyJournal } from './verify.ts';
import { scanJournal, type JournalScan } from './scan.ts';

/** How many bytes are read at once when many lines are read. */
const blockSize = 1 << 20;

/** How a journal is opened. */
export interface JournalOptions {
  readonly file: string;
  readonly log: Log;
  /** Bounds the number of open files. */
  readonly slots: FileSlots;
  /** Whether this process may still write; checked before each line. */
  readonly isHeld: () => Promise<boolean>;
  /** False on a file system that can't be written. Default: true. */
  readonly writable?: boolean;
}

/**
 * A durable history: an append-only file with one line a revision, each with a hash over the one
 * before. A line is the commit of its revision: it is on disk before a listener or caller learns of
 * the revision. The file is open only while it is read or written.
 */
export class Journal implements RevisionLog {
  readonly isDurable = true;
  readonly #options: JournalOptions;
  readonly #offsets: number[];
  /** The numbers of the lines that may have records. */
  readonly #withRecords: number[];
  #history = newHistory();
  #end: number;
  #hash: string;
  /** Whether bytes of a failed append may follow the last line. */
  #dirty = false;

  /**
   * Opens a journal, or begins one. An unfinished last line, which was never acknowledged, is cut
   * off.
   * @throws {Error} if a line is corrupt: the lines after it can't be trusted.
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const { file, slots, writable = true } = options;
    return slots.use(async () => {
      const handle = await open(file, writable ? 'a+' : 'r');
      try {
        const withRecords: number[] = [];
        let line = 0;
        const scan = await scanJournal(handle, (json) => {
          line += 1;
          if (json.includes('"records":[')) withRecords.push(line);
        });
        if (writable) await cutTornLine(handle, scan, options);
        const journal = new Journal(options, scan, withRecords);
        if (scan.offsets.length > 0) {
          const { format, history = newHistory() } = parseLine(await journal.#line(handle, 1));
          if (format !== 1)
            throw new Error(`the journal ${file} was written by a later version: upgrade this server`);
          journal.#history = history;
        }
        return journal;
      } finally {
        await handle.close();
      }
    });
  }

  private constructor(
    options: JournalOptions,
    { offsets, end, head, damaged }: JournalScan,
    withRecords: number[],
  ) {
    if (damaged !== undefined) {
      throw new Error(
        `the journal ${options.file} is corrupt in line ${damaged}: its hash does not match. Restore the file from a backup; or, to ` +
          `begin a new history with the flags file as it is, move the journal away`,
      );
    }
    this.#options = options;
    this.#offsets = [...offsets];
    this.#withRecords = withRecords;
    this.#end = end;
    this.#hash = head;
  }

  /** How many revisions the journal has. */
  get length(): number {
    return this.#offsets.length;
  }

  get head(): string | undefined {
    return this.length > 0 ? `${this.#history}.${this.length}` : undefined;
  }

  get details(): { readonly journal: { readonly entries: number; readonly head: string } } {
    return { journal: { entries: this.length, head: this.#hash } };
  }

  async append(revision: NewRevision, records: readonly RecordEdit[] = []): Promise<Revision> {
    const n = this.length + 1;
    const at = new Date().toISOString();
    const first = n === 1 ? ({ format: 1, history: this.#history } as const) : {};
    await this.#append({ n, ...first, at, ...(records.length > 0 && { records }), ...revision });
    return { revision: `${this.#history}.${n}`, at, ...revision };
  }

  /** Appends the last entry of an environment that is to be removed. */
  async appendRemoval(authorship: Authorship): Promise<void> {
    const at = new Date().toISOString();
    await this.#append({ n: this.length + 1, at, ...authorship, changes: [], removed: true });
  }

  verify(): Promise<Verification> {
    return verifyJournal(this.#options.file, undefined);
  }

  async find(revision: string): Promise<Revision | undefined> {
    const n = this.#numberOf(revision);
    return n === undefined ? undefined : this.#revision(await this.entry(n));
  }

  async page({ limit, before, part }: HistoryPage): Promise<readonly Revision[]> {
    const found: Revision[] = [];
    const newest = before === undefined ? this.length : (this.#numberOf(before) ?? 0) - 1;
    // A line that does not mention the part can be skipped without parsing it.
    const words = part?.[1] === undefined ? undefined : JSON.stringify(part[1]);
    await this.#read(async (handle) => {
      for await (const line of this.#linesBefore(handle, newest)) {
        if (words !== undefined && !line.includes(words)) continue;
        const revision = this.#revision(parseLine(line));
        if (part === undefined || touches(revision, part)) found.push(revision);
        if (found.length >= limit) break;
      }
    });
    return found;
  }

  /** One entry, numbered from 1. */
  async entry(n: number): Promise<JournalEntry> {
    return this.#read(async (handle) => parseLine(await this.#line(handle, n)));
  }

  /** The hash of a line. */
  async hashOf(n: number): Promise<string> {
    return this.#read(async (handle) =>
      (await this.#bytes(handle, this.#startOf(n), this.#startOf(n) + 64)).toString('latin1'),
    );
  }

  /** Visits the entries after one number and up to another, oldest first. */
  async visit(
    { after, upTo }: { readonly after: number; readonly upTo: number },
    visit: (entry: JournalEntry) => Promise<void>,
  ): Promise<void> {
    await this.#read(async (handle) => {
      for (let first = after + 1, last = first; first <= upTo; first = last + 1) {
        const start = this.#startOf(first);
        for (last = first; last < upTo && this.#startOf(last + 2) - start <= blockSize;) last += 1;
        const bytes = await this.#bytes(handle, start, this.#startOf(last + 1));
        for (let line = first; line <= last; line += 1) {
          await visit(
            parseLine(bytes.subarray(this.#startOf(line) - start, this.#startOf(line + 1) - start - 1)),
          );
        }
      }
    });
  }

  /**
   * The records that were written together with revisions, oldest first: of those after one, or of
   * all if this history does not have it.
   */
  async *recordsAfter(revision: string | undefined): AsyncGenerator<readonly RecordEdit[]> {
    const after = revision === undefined ? 0 : (this.#numberOf(revision) ?? 0);
    for (const n of this.#withRecords) {
      if (n > after) yield (await this.entry(n)).records ?? [];
    }
  }

  /** Whether the last entry removes the environment. */
  async isRemoved(): Promise<boolean> {
    return this.length > 0 && (await this.entry(this.length)).removed === true;
  }

  async close(): Promise<void> {
    // Nothing is open between two operations.
  }

  async #append(entry: JournalEntry): Promise<void> {
    const { file, slots, isHeld, writable = true } = this.#options;
    if (!writable) throw foreign(`${file} was opened on a file system that can't be written`);
    const { hash, pieces, length } = await formatLine(this.#hash, entry, new TimeSlices());
    if (!(await isHeld())) throw foreign(`another server has taken the lock of ${file}`);
    await slots.use(async () => {
      const handle = await open(file, 'a');
      try {
        await this.#refuseForeignLines(handle);
        await this.#write(handle, pieces);
      } finally {
        await handle.close();
      }
    });
    this.#offsets.push(this.#end);
    this.#end += length;
    this.#hash = hash;
  }

  async #write(handle: FileHandle, pieces: readonly Buffer[]): Promise<void> {
    try {
      this.#dirty = true;
      for (const piece of gathered(pieces)) await handle.appendFile(piece);
      await handle.datasync();
    } catch (error) {
      await this.#cut(handle);
      throw error;
    }
    this.#dirty = false;
  }

  /** The lock should keep other writers out; if one got in, its lines must not be overwritten. */
  async #refuseForeignLines(handle: FileHandle): Promise<void> {
    if (this.#dirty) await handle.truncate(this.#end);
    this.#dirty = false;
    const { size } = await handle.stat();
    if (size === this.#end) return;
    throw foreign(
      `${this.#options.file} has ${size} bytes instead of ${this.#end}, so another process has written to it`,
    );
  }

  async #cut(handle: FileHandle): Promise<void> {
    try {
      await handle.truncate(this.#end);
      this.#dirty = false;
    } catch {
      // The caller gets the error of the write; the bytes are cut off before the next line.
    }
  }

  async #read<T>(work: (handle: FileHandle) => Promise<T>): Promise<T> {
    return this.#options.slots.use(async () => {
      const handle = await open(this.#options.file, 'r');
      try {
        return await work(handle);
      } finally {
        await handle.close();
      }
    });
  }

  async #line(handle: FileHandle, n: number): Promise<Buffer> {
    return this.#bytes(handle, this.#startOf(n), this.#startOf(n + 1) - 1);
  }

  /** A line and those before it, newest first, read in blocks. */
  async *#linesBefore(handle: FileHandle, n: number): AsyncGenerator<Buffer> {
    for (let last = n, first = n; last > 0; last = first - 1) {
      const end = this.#startOf(last + 1);
      for (first = last; first > 1 && end - this.#startOf(first - 1) <= blockSize;) first -= 1;
      const start = this.#startOf(first);
      const bytes = await this.#bytes(handle, start, end);
      for (let line = last; line >= first; line -= 1) {
        yield bytes.subarray(this.#startOf(line) - start, this.#startOf(line + 1) - start - 1);
      }
    }
  }

  async #bytes(handle: FileHandle, start: number, end: number): Promise<Buffer> {
    const { buffer } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
    return buffer;
  }

  /** Where a line begins; for the number after the last line, where the next one will. */
  #startOf(n: number): number {
    return this.#offsets[n - 1] ?? this.#end;
  }

  #revision({ n, at, author, reason, undoes, changes }: JournalEntry): Revision {
    return { revision: `${this.#history}.${n}`, at, author, reason, undoes, changes };
  }

  #numberOf(revision: string): number | undefined {
    const [history, number = ''] = revision.split('.');
    const n = Number(number);
    const known = history === this.#history && /^[1-9]\d*$/.test(number) && n <= this.length;
    return known ? n : undefined;
  }
}

async function cutTornLine(
  handle: FileHandle,
  { torn, damaged, end }: JournalScan,
  { file, log }: JournalOptions,
): Promise<void> {
  if (torn > 0 && damaged === undefined) {
    log.warn(`${file}: cut off ${torn} bytes of a revision that was never finished`);
    await handle.truncate(end);
    await handle.datasync();
  }
  await syncFolder(dirname(file));
}

/** Small pieces as one: a line of one flag is one write. */
function gathered(pieces: readonly Buffer[]): readonly Buffer[] {
  return pieces.reduce((length, piece) => length + piece.length, 0) <= blockSize
    ? [Buffer.concat(pieces)]
    : pieces;
}

/** An error shaped like one of the system: another process writes to the disk, too. */
function foreign(message: string): Error {
  return Object.assign(new Error(`${message}: restart this server`), { syscall: 'write' });
}
