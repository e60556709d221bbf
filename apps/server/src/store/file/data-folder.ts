import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Log } from '../../log.ts';
import type { ParsedDocument, Snapshot } from '../../model/document.ts';
import { differingParts } from '../../model/parts.ts';
import type { Authorship } from '../../model/revision.ts';
import { TimeSlices } from '../../time-slices.ts';
import { Turns } from '../../turns.ts';
import {
  emptyDocument,
  firstChanges,
  firstStart,
  requireNewName,
  requireRemovable,
  requireWritable,
} from '../environment-rules.ts';
import { defaultEnvironment, storeOf, type Environments } from '../environments.ts';
import type { FlagStore } from '../flag-store.ts';
import { soleLeadership, type Leadership } from '../leadership.ts';
import { Journal } from '../journal/journal.ts';
import { diskError } from '../disk/disk-error.ts';
import { FileRecord } from './file-record.ts';
import { FileSlots } from '../disk/file-slots.ts';
import { FileStore } from './file-store.ts';
import { FileWatcher } from './file-watcher.ts';
import { sha256 } from './hash.ts';
import { layOutDocument } from './lay-out.ts';
import { LockFile } from './lock-file.ts';
import { recover } from './recover.ts';
import { StoredRecords } from './stored-records.ts';
import { syncFolder, writeDurably } from '../disk/staged-file.ts';

/** How a data folder is opened. */
export interface DataFolderOptions {
  readonly folder: string;
  readonly log: Log;
  readonly readOnly?: boolean | undefined;
}

/**
 * The environments of a folder that one server holds. `environments/NAME/` has the flags file,
 * which may be edited by hand, and the journal of its revisions; `removed/` has removed
 * environments.
 */
export class DataFolder implements Environments {
  readonly leadership: Leadership = soleLeadership;
  readonly #folder: string;
  readonly #options: DataFolderOptions;
  /** Undefined on a file system that can't be written. */
  readonly #lock: LockFile | undefined;
  readonly #watcher = new FileWatcher();
  readonly #slots = new FileSlots();
  readonly #stores = new Map<string, Opened>();
  readonly #creations = new Set<Listener>();
  readonly #removals = new Set<Listener>();
  readonly #turns = new Turns();

  /**
   * Opens the folder, or begins one, and finishes what a crash has left unfinished.
   * @throws {Error} if another server holds it, or a journal is corrupt.
   */
  static async open(options: DataFolderOptions): Promise<DataFolder> {
    const data = new DataFolder(options, await takeFolder(options));
    try {
      for (const name of await data.#found()) await data.#open(name);
      if (!data.#stores.has(defaultEnvironment)) {
        await data.#create(defaultEnvironment, emptyDocument, firstStart);
      }
      return data;
    } catch (error) {
      await data.close();
      throw error;
    }
  }

  private constructor(options: DataFolderOptions, lock: LockFile | undefined) {
    this.#folder = options.folder;
    this.#options = options;
    this.#lock = lock;
  }

  get names(): readonly string[] {
    return [...this.#stores.keys()].toSorted();
  }

  get(name: string): FlagStore | undefined {
    return this.#stores.get(name)?.store;
  }

  onCreate(listener: Listener): () => void {
    for (const name of this.names) listener(name, storeOf(this, name));
    this.#creations.add(listener);
    return () => this.#creations.delete(listener);
  }

  onRemove(listener: Listener): () => void {
    this.#removals.add(listener);
    return () => this.#removals.delete(listener);
  }

  async create(name: string, document: ParsedDocument, authorship: Authorship): Promise<FlagStore> {
    return this.#turns.run(async () => {
      requireWritable(this.#options.readOnly);
      requireNewName(name, this.#stores.has(name));
      await firstChanges(document, new TimeSlices());
      const store = await this.#create(name, document, authorship).catch((error: unknown) => {
        throw diskError(this.#path(name), error);
      });
      for (const listener of this.#creations) listener(name, store);
      return store;
    });
  }

  async remove(name: string, decide: (current: Snapshot) => Authorship): Promise<void> {
    return this.#turns.run(async () => {
      requireWritable(this.#options.readOnly);
      storeOf(this, name);
      requireRemovable(name);
      const { store, journal } = this.#stores.get(name) as Opened;
      await store
        .end((current) => journal.appendRemoval(decide(current)))
        .catch((error: unknown) => {
          throw diskError(this.#path(name), error);
        });
      this.#stores.delete(name);
      for (const listener of this.#removals) listener(name, store);
      await store.close();
      await this.#putAside(name, store.snapshot.revision);
    });
  }

  async close(): Promise<void> {
    await this.#turns.run(async () => {
      await Promise.all([...this.#stores.values()].map(({ store }) => store.close()));
      await this.#lock?.release();
    });
  }

  /** The environments on disk; an environment whose creation a crash cut short is removed. */
  async #found(): Promise<string[]> {
    const names = await readdir(`${this.#folder}/environments`);
    for (const name of names) {
      if (name.startsWith('.') && this.#lock !== undefined) await rm(this.#path(name), { recursive: true });
    }
    return names.filter((name) => !name.startsWith('.')).toSorted();
  }

  /**
   * Makes the folder under another name first, so that an environment exists whole or not at all.
   */
  async #create(name: string, document: ParsedDocument, authorship: Authorship): Promise<FlagStore> {
    const slices = new TimeSlices();
    const draft = this.#path(`.${name}`);
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft);
    const pieces = await layOutDocument(document, slices);
    await writeDurably(`${draft}/flags.json`, pieces);
    const journal = await this.#openJournal(draft);
    const changes = await differingParts(undefined, document, slices);
    const { revision } = await journal.append({ ...authorship, changes });
    const record = new FileRecord(`${draft}/flags.json`, journal);
    await record.write({ ...(await record.mark(revision)), sha256: await sha256(pieces, slices) });
    await rename(draft, this.#path(name));
    try {
      await syncFolder(`${this.#folder}/environments`);
      await this.#open(name);
    } catch (error) {
      // It was refused, so that it must not be there after a restart, nor in the way of a retry.
      await rename(this.#path(name), draft);
      throw error;
    }
    return storeOf(this, name);
  }

  /** Opens an environment; one whose removal a crash cut short is put aside. */
  async #open(name: string): Promise<void> {
    const { log, readOnly } = this.#options;
    const file = `${this.#path(name)}/flags.json`;
    const revisions = await this.#openJournal(this.#path(name));
    if (await revisions.isRemoved()) {
      if (this.#lock !== undefined) await this.#putAside(name, revisions.head ?? '');
      return;
    }
    const record = new FileRecord(file, revisions);
    const known = await recover({
      file,
      journal: revisions,
      record,
      log,
      writable: this.#lock !== undefined,
    });
    const records = await StoredRecords.open(`${this.#path(name)}/records.jsonl`, revisions);
    const [watcher, slots] = [this.#watcher, this.#slots];
    const store = await FileStore.open(
      { file, revisions, record, records, watcher, slots, log, readOnly },
      known,
    );
    this.#stores.set(name, { store, journal: revisions });
  }

  /** A removed environment can be inspected, and put back, under the name of its last revision. */
  async #putAside(name: string, revision: string): Promise<void> {
    await rename(this.#path(name), `${this.#folder}/removed/${name}.${revision}`);
    await syncFolder(`${this.#folder}/removed`);
    await syncFolder(`${this.#folder}/environments`);
  }

  #openJournal(folder: string): Promise<Journal> {
    const lock = this.#lock;
    return Journal.open({
      file: `${folder}/journal.jsonl`,
      log: this.#options.log,
      slots: this.#slots,
      isHeld: async () => lock?.isHeld() ?? false,
      writable: lock !== undefined,
    });
  }

  #path(name: string): string {
    return `${this.#folder}/environments/${name}`;
  }
}

/**
 * Makes the folder, if need be, and locks it. Undefined for a server that only reads, on a file
 * system that can't be written: edits by hand, which would need a line in the journal, are not
 * taken over then.
 */
async function takeFolder({ folder, readOnly, log }: DataFolderOptions): Promise<LockFile | undefined> {
  try {
    const made = await mkdir(`${folder}/environments`, { recursive: true });
    await mkdir(`${folder}/removed`, { recursive: true });
    await syncUpTo(resolve(folder), made === undefined ? resolve(folder) : dirname(resolve(made)));
    return await LockFile.acquire(`${folder}/lock`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!readOnly || (code !== 'EROFS' && code !== 'EACCES')) throw folderError(folder, error);
    log.warn(`${folder} can't be written (${code}): its flags are served as they are, without a lock`);
    return undefined;
  }
}

/** An error of the system about the folder, with the remedy. */
function folderError(folder: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const remedies: Readonly<Record<string, string>> = {
    EACCES: 'this user may not write there: change the permissions, or name another folder with --data',
    EPERM: 'this user may not write there: change the permissions, or name another folder with --data',
    ENOTDIR: 'a part of the path is a file: name a folder with --data, or a flags file with --flags',
    EEXIST: 'it is a file: name a folder with --data, or serve the file with --flags',
    EROFS: 'the file system is mounted read-only: mount it writable, or start the server with --read-only',
    ENOSPC: 'the disk is full: free space',
  };
  const remedy = remedies[code ?? ''];
  if (remedy === undefined) return error;
  return new Error(`the data folder ${folder} can't be used (${code}): ${remedy}`, { cause: error });
}

/** Makes new folders survive a power loss: each is an entry of the one above it. */
async function syncUpTo(folder: string, top: string): Promise<void> {
  await syncFolder(folder);
  if (folder !== top) await syncUpTo(dirname(folder), top);
}

type Listener = (name: string, store: FlagStore) => void;

interface Opened {
  readonly store: FileStore;
  readonly journal: Journal;
}
