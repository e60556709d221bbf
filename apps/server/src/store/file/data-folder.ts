import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Log } from '../../log.ts';
import { diskError } from './disk-error.ts';
import { defaultEnvironment, storeOf, type Environments } from '../environments.ts';
import { FileStore } from './file-store.ts';
import {
  StoreError,
  type Authorship,
  type FlagDocument,
  type FlagStore,
  type Snapshot,
} from '../flag-store.ts';
import { sha256 } from '../journal/line.ts';
import { judgeChange } from '../../model/judge-change.ts';
import { Journal } from '../journal/journal.ts';
import { LockFile } from './lock-file.ts';
import { differingParts } from '../../model/parts.ts';
import { rebaseText } from './rebase-text.ts';
import { readIfThere, StagedFile, syncFolder, writeDurably } from './staged-file.ts';

/** How a data folder is opened. */
export interface DataFolderOptions {
  readonly folder: string;
  readonly log: Log;
  readonly readOnly?: boolean | undefined;
}

const namePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;

const emptyDocument = { $schema: 'https://flagd.dev/schema/v0/flags.json', flags: {} };

/**
 * The environments of a folder that one server holds: `environments/NAME/` has the flags file, which may be edited by hand, and the
 * journal of its revisions; `removed/` has what was removed.
 */
export class DataFolder implements Environments {
  readonly #folder: string;
  readonly #options: DataFolderOptions;
  readonly #lock: LockFile;
  readonly #stores = new Map<string, Opened>();
  readonly #creations = new Set<Listener>();
  readonly #removals = new Set<Listener>();
  #changing: Promise<unknown> = Promise.resolve();

  /**
   * Opens the folder, or begins one, and finishes what a crash has left half done.
   * @throws {Error} where another server holds it, or a journal is damaged.
   */
  static async open(options: DataFolderOptions): Promise<DataFolder> {
    const { folder } = options;
    const made = await mkdir(`${folder}/environments`, { recursive: true });
    await mkdir(`${folder}/removed`, { recursive: true });
    await syncUpTo(resolve(folder), made === undefined ? resolve(folder) : dirname(resolve(made)));
    const data = new DataFolder(options, await LockFile.acquire(`${folder}/lock`));
    try {
      for (const name of await data.#found()) await data.#open(name);
      if (!data.#stores.has(defaultEnvironment)) {
        await data.#create(defaultEnvironment, emptyDocument, {
          author: 'graylane',
          reason: 'the first start',
        });
      }
      return data;
    } catch (error) {
      await data.close();
      throw error;
    }
  }

  private constructor(options: DataFolderOptions, lock: LockFile) {
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

  async create(name: string, document: FlagDocument, authorship: Authorship): Promise<FlagStore> {
    return this.#inTurn(async () => {
      this.#refuseReadOnly();
      if (this.#stores.has(name))
        throw new StoreError('name_taken', `there is an environment "${name}" already`);
      if (!namePattern.test(name)) {
        const remedy =
          'use 1 to 63 lower-case letters, digits, "-" and "_", the first one a letter or a digit';
        throw new StoreError('invalid', `an environment can't be called ${JSON.stringify(name)}: ${remedy}`);
      }
      const problems = judgeChange(document, differingParts(undefined, document));
      if (problems.length > 0) throw new StoreError('invalid', 'the flags are not valid', { problems });
      const store = await this.#create(name, document, authorship).catch((error: unknown) => {
        throw diskError(this.#path(name), error);
      });
      for (const listener of this.#creations) listener(name, store);
      return store;
    });
  }

  async remove(name: string, decide: (current: Snapshot) => Authorship): Promise<void> {
    return this.#inTurn(async () => {
      this.#refuseReadOnly();
      storeOf(this, name);
      if (name === defaultEnvironment) {
        throw new StoreError(
          'protected',
          `the environment "${name}" is the one of callers who name none: it stays`,
        );
      }
      const { store, journal } = this.#stores.get(name) as Opened;
      await store
        .end((current, text) => journal.appendRemoval(decide(current), text))
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
    await this.#inTurn(async () => {
      await Promise.all([...this.#stores.values()].map(({ store }) => store.close()));
      await this.#lock.release();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => {
      // The caller is told; the next one in the queue does not care.
    });
    return done;
  }

  #refuseReadOnly(): void {
    if (this.#options.readOnly) {
      throw new StoreError(
        'read_only',
        'this server only reads: start it without --read-only to change environments',
      );
    }
  }

  /** The environments on disk; what a crash has left of one that was being made is removed. */
  async #found(): Promise<string[]> {
    const names = await readdir(`${this.#folder}/environments`);
    for (const name of names) if (name.startsWith('.')) await rm(this.#path(name), { recursive: true });
    return names.filter((name) => !name.startsWith('.')).toSorted();
  }

  /** Makes the folder under another name first: an environment is there whole or not at all. */
  async #create(name: string, document: FlagDocument, authorship: Authorship): Promise<FlagStore> {
    const draft = this.#path(`.${name}`);
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft);
    const text = `${JSON.stringify(document, null, 2)}\n`;
    await writeDurably(`${draft}/flags.json`, text);
    const journal = await this.#openJournal(draft);
    const changes = differingParts(undefined, document);
    try {
      await journal.append({ ...authorship, changes, document, text });
    } finally {
      await journal.close();
    }
    await rename(draft, this.#path(name));
    await syncFolder(`${this.#folder}/environments`);
    await this.#open(name);
    return storeOf(this, name);
  }

  /** Opens what is there; an environment whose removal a crash has cut short is put aside. */
  async #open(name: string): Promise<FlagStore | undefined> {
    const { log, readOnly } = this.#options;
    const folder = this.#path(name);
    const journal = await this.#openJournal(folder);
    try {
      if (await journal.isRemoved()) {
        await this.#putAside(name, journal.head ?? '');
        await journal.close();
        return undefined;
      }
      const file = `${folder}/flags.json`;
      const known = await recover(file, journal, log);
      const store = await FileStore.open({ file, revisions: journal, log, readOnly }, known);
      this.#stores.set(name, { store, journal });
      return store;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** What was removed can be looked at, and put back, by its history's name. */
  async #putAside(name: string, revision: string): Promise<void> {
    await rename(this.#path(name), `${this.#folder}/removed/${name}.${revision}`);
    await syncFolder(`${this.#folder}/removed`);
    await syncFolder(`${this.#folder}/environments`);
  }

  #openJournal(folder: string): Promise<Journal> {
    const isHeld = (): Promise<boolean> => this.#lock.isHeld();
    return Journal.open({ file: `${folder}/journal.jsonl`, log: this.#options.log, isHeld });
  }

  #path(name: string): string {
    return `${this.#folder}/environments/${name}`;
  }
}

/** A folder is there after a power cut when the one above it is on disk, up to what was there before. */
async function syncUpTo(folder: string, top: string): Promise<void> {
  await syncFolder(folder);
  if (folder !== top) await syncUpTo(dirname(folder), top);
}

type Listener = (name: string, store: FlagStore) => void;

interface Opened {
  readonly store: FileStore;
  readonly journal: Journal;
}

/**
 * Brings the flags file to where the journal is, whatever a crash or a hand has left, and answers the text of the journal's newest
 * revision: where the file differs from it, somebody has edited it.
 */
async function recover(file: string, journal: Journal, log: Log): Promise<string | undefined> {
  const target = new StagedFile(file);
  if (journal.head === undefined) return undefined;
  const { last, before } = await journal.fileHashes();
  const [found, staged] = [await readIfThere(file), await target.staged()];
  if (staged !== undefined && sha256(staged) === last) {
    const { changes = [] } = (await journal.find(journal.head)) ?? {};
    // The file was edited after the crash: it gets what it could not know of.
    const rebased = found === undefined || sha256(found) === before ? staged : rebaseText(found, changes);
    if (rebased === undefined) await target.discard();
    else {
      await target.stage(rebased);
      await target.apply();
    }
    log.info(`${file}: finished revision ${journal.head}`);
    return staged;
  }
  await target.discard();
  if (found !== undefined && sha256(found) === last) return found;
  const known = `${JSON.stringify(await journal.replay(), null, 2)}\n`;
  if (found === undefined) {
    log.warn(`${file} is gone: it is written anew from the journal`);
    await target.stage(known);
    await target.apply();
  }
  return known;
}
