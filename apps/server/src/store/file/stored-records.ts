import { isObject } from '../../is-object.ts';
import { readIfThere, StagedFile } from '../disk/staged-file.ts';
import type { RecordEdit } from '../../model/revision.ts';
import type { Journal } from '../journal/journal.ts';
import type { RecordReader, StoredRecord } from '../records.ts';

/** One record with its value as JSON, so that callers share no objects. */
interface Entry {
  readonly kind: string;
  readonly id: string;
  readonly json: string;
}

/**
 * The records of an environment, in a file beside its journal. Records that change together with
 * flags are in the line of that revision, and the file follows: after a crash they are taken from
 * the lines after the revision that the file names. Without a file, they last as long as the
 * process.
 */
export class StoredRecords implements RecordReader {
  readonly #file: StagedFile | undefined;
  #entries: ReadonlyMap<string, Entry>;
  #isBehind = false;

  /** @throws {Error} if the file is damaged. */
  static async open(path: string, journal: Journal): Promise<StoredRecords> {
    const { revision, records } = parse(path, await readIfThere(path));
    const stored = new StoredRecords(path, records);
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
    return Promise.resolve(sorted.map(({ id, json }) => ({ id, value: JSON.parse(json) as unknown })));
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
    this.#isBehind = true;
  }

  /** Writes records, durable when this resolves. `revision` is the newest one of the journal. */
  async write(edits: readonly RecordEdit[], revision: string): Promise<void> {
    const entries = changed(this.#entries, edits);
    await this.#save(entries, revision);
    this.#entries = entries;
  }

  /** Lets the file follow, if it is behind. */
  async flush(revision: string): Promise<void> {
    if (this.#isBehind) await this.#save(this.#entries, revision);
  }

  async #save(entries: ReadonlyMap<string, Entry>, revision: string): Promise<void> {
    if (this.#file === undefined) return;
    const records = [...entries.values()].map(
      ({ kind, id, json }) => `{"kind":${JSON.stringify(kind)},"id":${JSON.stringify(id)},"value":${json}}`,
    );
    const text = `{"revision":${JSON.stringify(revision)},"records":[\n${records.join(',\n')}\n]}\n`;
    await this.#file.stage([Buffer.from(text)]);
    await this.#file.apply();
    this.#isBehind = false;
  }
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

interface Parsed {
  readonly revision: string | undefined;
  readonly records: readonly RecordEdit[];
}

function parse(path: string, bytes: Buffer | undefined): Parsed {
  if (bytes === undefined) return { revision: undefined, records: [] };
  try {
    const file: unknown = JSON.parse(bytes.toString());
    if (isObject(file) && typeof file['revision'] === 'string' && Array.isArray(file['records'])) {
      return { revision: file['revision'], records: file['records'] as readonly RecordEdit[] };
    }
  } catch {
    // The error below names the file and the remedy.
  }
  throw new Error(`the records in ${path} are damaged: restore the file from a backup, or move it away`);
}
