import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { ArchivedEnvironment, ArchiveItem, ArchiveSink } from '../archive/archive.ts';
import { FileSlots } from '../disk/file-slots.ts';
import { syncFolder } from '../disk/staged-file.ts';
import { Journal } from '../journal/journal.ts';
import { StoredRecords } from './stored-records.ts';

const shelves = ['environments', 'removed'] as const;

/**
 * Passes the environments of a data folder to a sink, the removed ones too, also beside a running
 * server. An edit of a flags file that no server has taken over yet is not part of them.
 */
export async function archiveFolder(folder: string, sink: ArchiveSink): Promise<void> {
  for (const shelf of shelves) {
    const names = await readdir(`${folder}/${shelf}`);
    for (const name of names.filter((one) => !one.startsWith('.')).toSorted()) {
      await archiveOne(`${folder}/${shelf}/${name}`, name, shelf === 'removed', sink);
    }
  }
}

async function archiveOne(folder: string, name: string, removed: boolean, sink: ArchiveSink): Promise<void> {
  const file = `${folder}/journal.jsonl`;
  const journal = await openJournal(file);
  const records = await StoredRecords.open(`${folder}/records.jsonl`, journal);
  // A removed environment lies under its name and last revision.
  const [environment = name] = removed ? name.split('.') : [name];
  await sink({ environment, removed, records: records.all });
  let left = journal.length;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (left === 0) return;
    left -= 1;
    await sink({ line });
  }
}

/** A journal that is only read. */
function openJournal(file: string): Promise<Journal> {
  return Journal.open({
    file,
    log: { info: () => {}, warn: () => {} },
    slots: new FileSlots(),
    isHeld: () => Promise.resolve(false),
    writable: false,
  });
}

/**
 * Makes a data folder of an archive. The folder appears as a whole, once `finish` has resolved,
 * which gets the draft of the folder; the flags files are written at the first start.
 * @throws {Error} if the folder exists and is not empty, or the archive is damaged.
 */
export async function restoreFolder(
  folder: string,
  items: AsyncIterable<ArchiveItem>,
  finish: (draft: string) => Promise<void>,
): Promise<void> {
  if ((await readdir(folder).catch(() => [])).length > 0) {
    throw new Error(`the folder ${folder} is not empty: name a new one with --data`);
  }
  const draft = `${resolve(folder)}.import`;
  await rm(draft, { recursive: true, force: true });
  for (const shelf of shelves) await mkdir(`${draft}/${shelf}`, { recursive: true });
  const restoring = new Restoring(draft);
  try {
    for await (const item of items) await restoring.take(item);
    await restoring.end();
    await finish(draft);
    for (const shelf of shelves) await syncFolder(`${draft}/${shelf}`);
    await syncFolder(draft);
    await rmdir(folder).catch(() => {
      // It does not exist; the rename fails if it can't be replaced.
    });
    await rename(draft, folder);
    await syncFolder(dirname(resolve(folder)));
  } catch (error) {
    await restoring.stop();
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/** The environment of an archive that is being written. */
class Restoring {
  readonly #draft: string;
  #current: { readonly head: ArchivedEnvironment; readonly journal: FileHandle } | undefined;

  constructor(draft: string) {
    this.#draft = draft;
  }

  async take(item: ArchiveItem): Promise<void> {
    if ('line' in item) {
      await this.#current?.journal.appendFile(`${item.line}\n`);
    } else if ('environment' in item) {
      await this.end();
      await mkdir(`${this.#draft}/next`);
      this.#current = { head: item, journal: await open(`${this.#draft}/next/journal.jsonl`, 'wx') };
    }
  }

  /** Closes what is open; does nothing after `end`. */
  async stop(): Promise<void> {
    await this.#current?.journal.close();
  }

  /** Completes an environment, and gives it its place. */
  async end(): Promise<void> {
    if (this.#current === undefined) return;
    const { head, journal } = this.#current;
    this.#current = undefined;
    try {
      await journal.sync();
    } finally {
      await journal.close();
    }
    const next = `${this.#draft}/next`;
    const { length, head: revision = '' } = await openJournal(`${next}/journal.jsonl`);
    if (head.records.length > 0)
      await new StoredRecords(`${next}/records.jsonl`).write(head.records, revision);
    await syncFolder(next);
    const { environment, removed } = head;
    if (length === 0) throw new Error(`the environment ${environment} has no revisions`);
    await rename(
      next,
      `${this.#draft}/${removed ? `removed/${environment}.${revision}` : `environments/${environment}`}`,
    );
  }
}
