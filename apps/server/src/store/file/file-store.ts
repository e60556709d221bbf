import { readFile, realpath } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { checkFlags, type Problem } from '@graylane/flags';
import { watchFile } from '@graylane/source';
import { counted } from '../../pluralize.ts';
import type { Log } from '../../log.ts';
import { diskError } from './disk-error.ts';
import { editDocument, type Edited } from './edit-document.ts';
import {
  StoreError,
  type Authorship,
  type Change,
  type Condition,
  type Fault,
  type FlagStore,
  type HistoryPage,
  type PartChange,
  type Revision,
  type Snapshot,
} from '../flag-store.ts';
import { judgeChange } from '../../model/judge-change.ts';
import { differingParts, jsonPath } from '../../model/parts.ts';
import { describeProblem, listProblems, readDocument, type Content } from './read-document.ts';
import { rebaseText } from './rebase-text.ts';
import type { NewRevision, RevisionLog } from '../journal/revision-log.ts';
import { readIfThere, StagedFile } from './staged-file.ts';

/** What a store is made of. */
export interface FileStoreOptions {
  readonly file: string;
  readonly revisions: RevisionLog;
  readonly log: Log;
  readonly readOnly?: boolean | undefined;
}

/** Who edits the file by hand. */
const byHand: Authorship = { author: 'file', reason: 'the flags file was edited' };

/** How long to wait before an edit that could not be recorded is tried again. */
const retryMs = 1000;

/** One flags file, edited by hand or by `write`, and the log of its revisions. */
export class FileStore implements FlagStore {
  readonly #file: string;
  readonly #revisions: RevisionLog;
  readonly #log: Log;
  readonly #readOnly: boolean;
  readonly #listeners = new Set<(after: Snapshot, before: Snapshot) => void>();
  readonly #unwatch: () => void;
  #text: string;
  #faultyText: string | undefined;
  #snapshot: Snapshot;
  #fault: Fault | undefined;
  #trouble: Condition['trouble'];
  #retry: NodeJS.Timeout | undefined;
  /** Why nothing is written any more, if that is so. */
  #refusal: StoreError | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  /**
   * Reads the file and watches it. Where it differs from the log's newest revision, that is an edit by hand and becomes a revision.
   * `known` is the text of that newest revision.
   * @throws {Error} where there is no such file, or the first revision holds no flag document: there is nothing to serve yet.
   */
  static async open(options: FileStoreOptions, known?: string): Promise<FileStore> {
    const { file, log, revisions } = options;
    const text = await readFlags(file);
    const first = known ?? text;
    const content = readDocument(first, undefined);
    if ('problems' in content) {
      throw new Error(`the flags file ${file} holds no flags:${listProblems(content.problems)}`);
    }
    if (revisions.head === undefined) {
      const changes = differingParts(undefined, content.document);
      await revisions.append({
        ...byHand,
        reason: 'the flags file as it was found',
        changes,
        document: content.document,
        text: first,
      });
    }
    const store = new FileStore(options, first, content);
    await store.#inTurn(() => store.#takeOver(text));
    for (const problem of checkFlags(text)) log.warn(`${file}: ${describeProblem(problem)}`);
    return store;
  }

  private constructor(
    { file, revisions, log, readOnly = false }: FileStoreOptions,
    text: string,
    content: Content,
  ) {
    this.#file = file;
    this.#revisions = revisions;
    this.#log = log;
    this.#readOnly = readOnly;
    this.#text = text;
    this.#snapshot = { revision: revisions.head ?? '', ...content };
    this.#unwatch = watchFile(file, text, {
      changed: () => this.#look(),
      unreadable: (error) => {
        this.#keep(undefined, [{ path: '$', message: error.message, remedy: 'put the file back' }]);
      },
    });
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get condition(): Condition {
    const { journal } = this.#revisions;
    return { fault: this.#fault, trouble: this.#trouble, readOnly: this.#readOnly, journal };
  }

  onChange(listener: (after: Snapshot, before: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  write(decide: (current: Snapshot) => Change): Promise<Snapshot> {
    return this.#inTurn(() => this.#write(decide));
  }

  history(page: HistoryPage): Promise<readonly Revision[]> {
    return this.#revisions.page(page);
  }

  revision(revision: string): Promise<Revision | undefined> {
    return this.#revisions.find(revision);
  }

  /** Lets nobody write any more: calls `last` when nothing is under way, with the flags as they then are and stay. */
  async end(last: (current: Snapshot, text: string) => Promise<void>): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#refusal) throw this.#refusal;
      await last(this.#snapshot, this.#text);
      this.#refusal = new StoreError('unknown_environment', 'the environment has been removed');
    });
  }

  async close(): Promise<void> {
    this.#unwatch();
    clearTimeout(this.#retry);
    await this.#inTurn(() => this.#revisions.close());
  }

  /** One after another: whoever decides on the flags as they are is not overtaken. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.catch(() => {
      // The caller is told; the next one in the queue does not care.
    });
    return done;
  }

  async #write(decide: (current: Snapshot) => Change): Promise<Snapshot> {
    if (this.#refusal) throw this.#refusal;
    if (this.#readOnly) {
      const remedy = `edit ${this.#file}, or start the server without --read-only`;
      throw new StoreError('read_only', `this server only reads: ${remedy}`);
    }
    try {
      // An edit by hand that the watch has not seen yet must not be lost.
      await this.#takeOver(await readFile(this.#file, 'utf8'));
      const { edits, ...change } = decide(this.#snapshot);
      this.#refuseWhileFaulty();
      const edited = editDocument({ text: this.#text, document: this.#snapshot.document }, edits);
      const changes = differingParts(this.#snapshot.document, edited.document);
      if (changes.length === 0) return this.#snapshot;
      refuse(judgeChange(edited.document, changes));
      const content = this.#read(edited);
      await this.#commit({ ...change, changes, ...edited }, content);
      this.#trouble = undefined;
      return this.#snapshot;
    } catch (error) {
      throw this.#troubled(error);
    }
  }

  /** What the edited text holds: it must be what was to be written, and break no flag elsewhere. */
  #read({ text, document }: Edited): Content {
    const content = readDocument(text, this.#snapshot.flags);
    if ('problems' in content) {
      refuse(content.problems);
      throw new StoreError('invalid', 'the change makes no flag document');
    }
    const [twin] = differingParts(content.document, document);
    if (twin === undefined) return content;
    const remedy = 'remove the one that is not meant';
    throw new StoreError('pending_fault', `${this.#file} has ${jsonPath(twin.path)} twice: ${remedy}`);
  }

  /** The journal decides: what it holds is done, what it does not hold has never been. */
  async #commit(revision: NewRevision, content: Content): Promise<void> {
    const staged = new StagedFile(await realpath(this.#file));
    try {
      await staged.stage(revision.text);
      await this.#revisions.append(revision);
    } catch (error) {
      await staged.discard();
      throw error;
    }
    const replaced = this.#text;
    this.#publish(revision.text, content);
    try {
      const found = await readIfThere(staged.path);
      if (found === undefined || found === replaced) await staged.apply();
      else await this.#rebase(staged, found, revision.changes);
    } catch (error) {
      const remedy = 'see to the disk and start the server anew: it will finish the change';
      this.#refusal = new StoreError('unwritable', `${this.#file} could not be replaced: ${remedy}`, {
        cause: error,
      });
      throw error;
    }
  }

  /** Somebody saved the file in the very moment of a write: both stay, and where both changed the same, the hand. */
  async #rebase(staged: StagedFile, found: string, changes: readonly PartChange[]): Promise<void> {
    const rebased = rebaseText(found, changes);
    if (rebased === undefined) await staged.discard();
    else {
      await staged.stage(rebased);
      await staged.apply();
    }
    await this.#takeOver(rebased ?? found);
  }

  #refuseWhileFaulty(): void {
    if (this.#fault === undefined) return;
    const { problems } = this.#fault;
    throw new StoreError('pending_fault', `${this.#file} has an edit that must be mended first`, {
      problems,
    });
  }

  /** Takes over what the file holds now: all of it or, where an edited flag is broken, nothing. */
  async #takeOver(text: string): Promise<void> {
    if (this.#refusal || text === (this.#fault ? this.#faultyText : this.#text)) return;
    const content = readDocument(text, this.#snapshot.flags);
    if ('problems' in content) {
      this.#keep(text, content.problems);
      return;
    }
    const { document } = content;
    const changes = differingParts(this.#snapshot.document, document);
    try {
      if (changes.length > 0) await this.#revisions.append({ ...byHand, changes, document, text });
    } catch (error) {
      const remedy = String(this.#troubled(error));
      this.#keep(undefined, [{ path: '$', message: 'the edit could not be recorded', remedy }]);
      this.#tryAgain();
      return;
    }
    if (this.#fault) this.#log.info(`${this.#file} is mended`);
    this.#fault = undefined;
    if (changes.length > 0) this.#trouble = undefined;
    this.#text = text;
    if (changes.length > 0) this.#publish(text, content);
  }

  #tryAgain(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#look(), retryMs).unref();
  }

  /** Looks at the file without being asked to. */
  #look(): void {
    this.#inTurn(async () => this.#takeOver(await readFile(this.#file, 'utf8'))).catch((error: unknown) => {
      this.#log.warn(`${this.#file} can't be taken over: ${String(error)}`);
    });
  }

  #publish(text: string, content: Content): void {
    this.#text = text;
    const before = this.#snapshot;
    this.#snapshot = { revision: this.#revisions.head ?? '', ...content };
    this.#log.info(
      `${this.#file}: revision ${this.#snapshot.revision}, ${counted(content.flags.size, 'flag')}`,
    );
    for (const listener of this.#listeners) listener(this.#snapshot, before);
  }

  /** Keeps the rules as they are while a text can't be taken over. */
  #keep(text: string | undefined, problems: readonly Problem[]): void {
    this.#faultyText = text;
    if (this.#fault && isDeepStrictEqual(this.#fault.problems, problems)) return;
    this.#fault = { file: this.#file, problems, since: new Date() };
    this.#log.warn(`${this.#file} can't be taken over; the last good rules stay:${listProblems(problems)}`);
  }

  /** Remembers what the disk says, for those who operate it. */
  #troubled(error: unknown): unknown {
    const told = diskError(this.#file, error);
    if (told !== error) this.#trouble = { message: String(told), since: this.#trouble?.since ?? new Date() };
    return told;
  }
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new StoreError('invalid', 'the change is not valid', { problems });
}

async function readFlags(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`the flags file ${file} can't be read: ${(error as Error).message}`, { cause: error });
  }
}
