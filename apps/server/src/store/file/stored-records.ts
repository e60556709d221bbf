import { open } from 'node:fs/promises';
import { isObject } from '../../is-object.ts';
import { readIfThere, StagedFile } from '../disk/staged-file.ts';
import type { RecordEdit } from '../../model/revision.ts';
import type { Journal } from '../journal/journal.ts';
import { parseRecords, type RecordReader, type StoredRecord } from '../records.ts';

/** One record with its value as JSON, so that callers share no objects. */
interface Entry {
  readonly kind: string;
  readonly id: string;
  readonly json: string;
}

/** The file is written anew when it is larger than this, and than three times its records. */
const compactAbove = 1_048_576;

/**
 * The records of an environment, in a file beside its journal: each line has the records of one
 * write, so that a write costs as much as what it changes. Records that change together with flags
 * are in the line of that revision in the journal, and the file follows: after a crash they are
 * taken from the lines after the revision that the file names last. Without a file, they last as
 * long as the process.
 */
export class StoredRecords implements RecordReader {
  readonly #file: StagedFile | undefined;
  #entries: ReadonlyMap<string, Entry>;
  /** Edits that the journal has, and the file not yet. */
  #behind: readonly RecordEdit[] = [];
  /** The size of the file, undefined if it must be written anew. */
  #size: number | undefined;

  /** @throws {Error} if the file is damaged. */
  static async open(path: string, journal: Journal): Promise<StoredRecords> {
    const { revision, records, size } = parse(path, await readIfThere(path));
    const stored = new StoredRecords(path, records);
    stored.#size = size;
    for await (const edits of journal.recordsAfter(revision)) stored.follow(edits);
    return stored;
  }

  constructor(path?: string, records: readonly RecordEdit[] = []) {
    this.#file = path === undefined ? undefined : new StagedFile(path);
    this.#entries = changed(new Map(), records);
  }

  get(kind: string, id: string): Promise<unknown> {
    const entry = this.#entries.get(nameOf({ kind, id }));
    return Promise.resolve(entry === undefined ? undefined : JSON.parse(entry.json));
  }

  list(kind: string): Promise<readonly StoredRecord[]> {
    const own = [...this.#entries.values()].filter((entry) => entry.kind === kind);
    const sorted = own.toSorted((one, other) => (one.id < other.id ? -1 : 1));
    return parseRecords(sorted);
  }

  /** All records, of all kinds. */
  get all(): readonly RecordEdit[] {
    return [...this.#entries.values()].map(({ kind, id, json }) => ({
      kind,
      id,
      value: JSON.parse(json) as unknown,
    }));
  }

  /** Takes over the records of a revision, which its line has made durable. */
  follow(edits: readonly RecordEdit[]): void {
    if (edits.length === 0) return;
    this.#entries = changed(this.#entries, edits);
    this.#behind = [...this.#behind, ...edits];
  }

  /** Writes records, durable when this resolves. `revision` is the newest one of the journal. */
  async write(edits: readonly RecordEdit[], revision: string): Promise<void> {
    const entries = changed(this.#entries, edits);
    await this.#save(entries, [...this.#behind, ...edits], revision);
    this.#entries = entries;
  }

  /** Lets the file follow, if it is behind. */
  async flush(revision: string): Promise<void> {
    if (this.#behind.length > 0) await this.#save(this.#entries, this.#behind, revision);
  }

  async #save(
    entries: ReadonlyMap<string, Entry>,
    edits: readonly RecordEdit[],
    revision: string,
  ): Promise<void> {
    if (this.#file === undefined) return;
    const size = this.#size;
    // After an error the end of the file is unknown.
    this.#size = undefined;
    const names = new Set(edits.map(nameOf));
    const line = lineOf(
      revision,
      Array.from(names, (name) => entries.get(name) ?? removalOf(name)),
    );
    const isLarge = (size ?? 0) + line.length > Math.max(compactAbove, 3 * sizeOf(entries));
    this.#size =
      size === undefined || isLarge
        ? await replace(this.#file, lineOf(revision, [...entries.values()]))
        : size + (await append(this.#file.path, line));
    this.#behind = [];
  }
}

/** Returns the size of the file. */
async function replace(file: StagedFile, line: Buffer): Promise<number> {
  await file.stage([line]);
  await file.apply();
  return line.length;
}

/** Returns the size of the line. */
async function append(path: string, line: Buffer): Promise<number> {
  const handle = await open(path, 'a');
  try {
    await handle.appendFile(line);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  return line.length;
}

function lineOf(revision: string, entries: readonly (Entry | Omit<Entry, 'json'>)[]): Buffer {
  const records = entries.map(
    ({ kind, id, ...value }) =>
      `{"kind":${JSON.stringify(kind)},"id":${JSON.stringify(id)}${'json' in value ? `,"value":${value.json}` : ''}}`,
  );
  return Buffer.from(`{"revision":${JSON.stringify(revision)},"records":[${records.join(',')}]}\n`);
}

function sizeOf(entries: ReadonlyMap<string, Entry>): number {
  let size = 0;
  for (const { json } of entries.values()) size += json.length;
  return size;
}

function changed(before: ReadonlyMap<string, Entry>, edits: readonly RecordEdit[]): Map<string, Entry> {
  const entries = new Map(before);
  for (const { kind, id, value } of edits) {
    const json = JSON.stringify(value) as string | undefined;
    if (json === undefined) entries.delete(nameOf({ kind, id }));
    else entries.set(nameOf({ kind, id }), { kind, id, json });
  }
  return entries;
}

function nameOf({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return JSON.stringify([kind, id]);
}

function removalOf(name: string): Omit<Entry, 'json'> {
  const [kind, id] = JSON.parse(name) as [string, string];
  return { kind, id };
}

interface Parsed {
  readonly revision: string | undefined;
  readonly records: readonly RecordEdit[];
  /** Undefined if the file must be written anew. */
  readonly size: number | undefined;
}

function parse(path: string, bytes: Buffer | undefined): Parsed {
  const text = bytes?.toString() ?? '';
  // A crash may have left a part of a line, which was never confirmed.
  const end = text.lastIndexOf('\n') + 1;
  const lines = text.slice(0, end).split('\n').slice(0, -1);
  const read = lines.map((line) => parseLine(line));
  if (read.includes(undefined) || (bytes !== undefined && read.length === 0)) {
    throw new Error(`the records in ${path} are damaged: restore the file from a backup, or move it away`);
  }
  return {
    revision: read.at(-1)?.revision,
    records: read.flatMap((line) => line?.records ?? []),
    size: end > 0 && end === text.length ? bytes?.length : undefined,
  };
}

interface Line {
  readonly revision: string;
  readonly records: readonly RecordEdit[];
}

function parseLine(text: string): Line | undefined {
  try {
    const line: unknown = JSON.parse(text);
    if (isObject(line) && typeof line['revision'] === 'string' && Array.isArray(line['records'])) {
      return line as unknown as Line;
    }
  } catch {
    // The caller names the file and the remedy.
  }
  return undefined;
}
