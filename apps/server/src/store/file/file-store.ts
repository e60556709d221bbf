import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '@graylane/flags';
import { parseDocument } from '../../json/parse-document.ts';
import type { Log } from '../../log.ts';
import { changeContent, compileDocument } from '../../model/compile.ts';
import type { Content, PartChange, PartPath, Snapshot } from '../../model/document.ts';
import { RequestError } from '../../model/request-error.ts';
import { differingParts, jsonPath, partOf } from '../../model/parts.ts';
import { listProblems } from '../../model/problem-text.ts';
import {
  traceId,
  type Authorship,
  type Change,
  type HistoryPage,
  type Revision,
} from '../../model/revision.ts';
import { mergeThreeWay } from '../../model/three-way-merge.ts';
import { TimeSlices } from '../../time-slices.ts';
import { Turns } from '../../turns.ts';
import { applyChange, type Applied } from '../apply-change.ts';
import type { Decide, FlagsChanged, FlagStore, StoreHealth } from '../flag-store.ts';
import type { RevisionLog } from '../journal/revision-log.ts';
import type { Verification } from '../verification.ts';
import { recordsOf, type Fence, type Records } from '../records.ts';
import { diskError } from '../disk/disk-error.ts';
import { readFirst, warnOfProblems, type FoundFile, type KnownRevisions } from './first-read.ts';
import type { FileWatcher } from './file-watcher.ts';
import { FlagsFile, type FlagsFileOptions } from './flags-file.ts';
import { StoredRecords } from './stored-records.ts';

/** The parts and options of a store. */
export interface FileStoreOptions extends FlagsFileOptions {
  readonly revisions: RevisionLog;
  /** Default: records that last as long as the process. */
  readonly records?: StoredRecords | undefined;
  readonly watcher: FileWatcher;
  readonly log: Log;
  readonly readOnly?: boolean | undefined;
}

/** The author of edits of the file. */
const byHand: Authorship = { author: 'file', reason: 'the flags file was edited' };
const foundReason = 'the flags file as it was found';

/**
 * How long the file lags behind the journal: longer if replacing it takes long, but not a second.
 */
const [followMs, maxFollowMs] = [200, 800];

/** How soon a failed replacement is tried again. */
const retryMs = 1000;

/** Editors write in several steps: a file that has not changed for so long is complete. */
const settleMs = 25;

/** A file that changes at each of so many attempts to replace it is in use by another program. */
const maxAttempts = 10;

/**
 * The flags of one file, which may be edited by hand, and the log of their revisions. With a
 * durable log, an appended revision is the commit, and the file follows; without one, the file is
 * the commit.
 */
export class FileStore implements FlagStore {
  readonly #file: FlagsFile;
  readonly #revisions: RevisionLog;
  #verifying: Promise<Verification> | undefined;
  readonly #records: StoredRecords;
  readonly records: Records;
  readonly #log: Log;
  readonly #readOnly: boolean;
  readonly #listeners = new Set<(event: FlagsChanged) => void>();
  readonly #unwatch: () => void;
  #snapshot: Snapshot;
  /**
   * The content of the file when it was last read or replaced; an edit by hand is compared with it.
   */
  #filed: Content;
  /** The parts that the file does not have yet. */
  #behind = new Map<string, PartPath>();
  #fault: { readonly problems: readonly Problem[]; readonly since: Date } | undefined;
  #trouble: { readonly message: string; readonly since: Date } | undefined;
  /** Why nothing is written any more. */
  #refusal: RequestError | undefined;
  #following: NodeJS.Timeout | undefined;
  #followMs = followMs;
  #looking = false;
  #closed = false;
  /** Changes are made one after another, and so is everything that reads or replaces the file. */
  readonly #turns = new Turns();
  readonly #fileTurns = new Turns();

  /**
   * Reads the file and watches it. If it differs from the revision it was made of, it was edited by
   * hand, and that edit becomes a revision.
   * @throws {Error} if there are no flags to serve: the file can't be read or is not a flag
   *   document, and no earlier revision is known.
   */
  static async open(options: FileStoreOptions, known?: KnownRevisions): Promise<FileStore> {
    const slices = new TimeSlices();
    const { revisions, log } = options;
    const file = new FlagsFile(options);
    const found: FoundFile = known ?? (await readFirst(file, log, slices));
    const { newest, filed, stamp, bytes } = found;
    const content = await compileDocument(newest, slices);
    if (revisions.head === undefined) {
      const changes = await differingParts(undefined, newest, slices);
      const { revision } = await revisions.append({ ...byHand, reason: foundReason, changes });
      // A crash before the first write of the file must not turn it into an edit by hand.
      if (bytes) await file.recordAs(revision, bytes);
    }
    const base = filed === newest ? content : await compileDocument(filed, slices);
    file.stamp = stamp;
    const store = new FileStore(file, options, content, base);
    for (const { path } of filed === newest ? [] : await differingParts(base, newest, slices)) {
      store.#behind.set(jsonPath(path), path);
    }
    await store.#turns.run(() => store.#noticeEdits());
    store.#follow();
    await warnOfProblems(newest, file.path, log, slices);
    return store;
  }

  private constructor(
    file: FlagsFile,
    { revisions, records = new StoredRecords(), watcher, log, readOnly = false }: FileStoreOptions,
    content: Content,
    filed: Content,
  ) {
    this.#file = file;
    this.#revisions = revisions;
    this.#records = records;
    this.records = recordsOf(this, records);
    this.#log = log;
    this.#readOnly = readOnly;
    this.#snapshot = { revision: revisions.head ?? '', ...content };
    this.#filed = filed;
    this.#unwatch = watcher.watch(file.path, () => void this.#look());
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  health(): StoreHealth {
    const note = 'the last good rules are served until the file is corrected';
    return {
      degraded: (this.#fault ?? this.#trouble) !== undefined,
      readOnly: this.#readOnly,
      details: {
        ...this.#revisions.details,
        ...(this.#trouble && { disk: this.#trouble }),
        ...(this.#fault && { note, file: this.#file.path, ...this.#fault }),
      },
    };
  }

  onChange(listener: (event: FlagsChanged) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A fence is always held: only one process has these flags open. */
  write(decide: Decide, _fence?: Fence): Promise<Snapshot> {
    return this.#turns.run(() => this.#write(decide));
  }

  history(page: HistoryPage): Promise<readonly Revision[]> {
    return this.#revisions.page(page);
  }

  revision(revision: string): Promise<Revision | undefined> {
    return this.#revisions.find(revision);
  }

  /** Checks the hash chain of the journal, once for all that wait; undefined without a journal. */
  verify(): Promise<Verification> | undefined {
    this.#verifying ??= this.#revisions.verify?.().finally(() => (this.#verifying = undefined));
    return this.#verifying;
  }

  /**
   * Refuses all further writes, once `last` has resolved: it gets the flags as they are and will
   * stay.
   */
  async end(last: (current: Snapshot) => Promise<void>): Promise<void> {
    await this.#turns.run(async () => {
      if (this.#refusal) throw this.#refusal;
      await this.#fileTurns.run(() => this.#flush());
      await last(this.#snapshot);
      this.#refusal = new RequestError('unknown_environment', 'the environment has been removed');
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    clearTimeout(this.#following);
    await this.#turns.run(async () => {
      await this.#fileTurns.run(() => this.#flush());
      if (!this.#readOnly) {
        await this.#records.flush(this.#snapshot.revision).catch(() => {
          // Nothing is lost: the journal has these records, too.
        });
      }
      await this.#revisions.close();
    });
  }

  async #write(decide: Decide): Promise<Snapshot> {
    if (this.#refusal) throw this.#refusal;
    if (this.#readOnly) {
      const remedy = `edit ${this.#file.path}, or start the server without --read-only`;
      throw new RequestError('read_only', `this server is read-only: ${remedy}`);
    }
    try {
      for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
        // An edit by hand that the watcher has not seen yet must not be lost.
        await this.#noticeEdits();
        const change = await decide(this.#snapshot, this.#records);
        if ('document' in change || change.edits.length > 0) this.#refuseWhileFaulty();
        const applied = await applyChange(this.#snapshot, change, new TimeSlices());
        if ('problems' in applied) {
          throw new RequestError('invalid', 'the change is not valid', { problems: applied.problems });
        }
        if (applied.changes.length === 0) {
          if (change.records) await this.#records.write(change.records, this.#snapshot.revision);
          return this.#snapshot;
        }
        if (await this.#commit(change, applied)) return this.#snapshot;
      }
      throw new RequestError('unwritable', `${this.#file.path} keeps changing: another program writes to it`);
    } catch (error) {
      throw this.#troubled(error);
    }
  }

  /** Returns false if the file was edited meanwhile, so that the change must be decided again. */
  async #commit(change: Change, applied: Applied): Promise<boolean> {
    const { author, reason, undoes, records = [], [traceId]: trace } = change;
    const { changes } = applied;
    const parts = await pathsOf(changes, new TimeSlices());
    if (!this.#revisions.isDurable) {
      const paths = [...parts.values()];
      if (!(await this.#fileTurns.run(() => this.#file.replace(applied, paths)))) return false;
      this.#filed = applied;
    }
    const revision = await this.#revisions.append({ author, reason, undoes, changes }, records);
    this.#records.follow(records);
    this.#publish(applied, { ...revision, [traceId]: trace });
    if (this.#revisions.isDurable) {
      for (const [name, path] of parts) this.#behind.set(name, path);
      this.#follow();
    }
    return true;
  }

  /** Lets the file follow soon. */
  #follow(delay = this.#followMs): void {
    if (this.#behind.size === 0 || this.#following !== undefined || this.#closed) return;
    this.#following = setTimeout(() => {
      this.#following = undefined;
      void this.#fileTurns.run(() => this.#flush());
    }, delay);
  }

  /** Brings the file to the newest snapshot. Never rejects: the file is tried again. */
  async #flush(): Promise<void> {
    if (this.#behind.size === 0 || this.#fault !== undefined || this.#readOnly) return;
    const snapshot = this.#snapshot;
    const parts = this.#behind;
    this.#behind = new Map();
    const start = performance.now();
    try {
      if (await this.#file.replace(snapshot, [...parts.values()], snapshot.revision)) {
        this.#filed = snapshot;
        this.#trouble = undefined;
        this.#followMs = Math.min(maxFollowMs, Math.max(followMs, 4 * (performance.now() - start)));
        this.#follow();
        return;
      }
    } catch (error) {
      this.#troubled(error);
    }
    this.#behind = new Map([...parts, ...this.#behind]);
    this.#follow(retryMs);
    void this.#look();
  }

  #refuseWhileFaulty(): void {
    if (this.#fault === undefined) return;
    const { problems } = this.#fault;
    const message = `${this.#file.path} has an edit that must be corrected first`;
    throw new RequestError('pending_fault', message, { problems });
  }

  /** Takes an edit by hand over, if the file has changed. */
  async #noticeEdits(): Promise<void> {
    if (this.#refusal) return;
    const stamp = await this.#file.currentStamp();
    if (!this.#file.knows(stamp)) await this.#fileTurns.run(() => this.#takeOver());
    else if (this.#fault && stamp !== this.#file.faultyStamp) this.#endFault();
  }

  /** Takes over what the file holds now: all of it or, if an edited flag is broken, nothing. */
  async #takeOver(): Promise<void> {
    const slices = new TimeSlices();
    const { bytes, stamp } = await this.#file.read();
    if (this.#file.knows(stamp)) return;
    const parsed = await parseDocument(bytes, slices);
    if ('problems' in parsed) {
      this.#keep(parsed.problems, stamp);
      return;
    }
    const edited = await differingParts(this.#filed, parsed, slices);
    const edits = edited.map((change) => ({ path: change.path, value: this.#merged(change) }));
    const applied = await applyChange(this.#snapshot, { edits }, slices, { refuse: 'breaks' });
    if ('problems' in applied) {
      this.#keep(applied.problems, stamp);
      return;
    }
    const { changes } = applied;
    if (changes.length > 0) {
      const revision = await this.#record(changes);
      if (revision === undefined) return;
      this.#publish(applied, revision);
    }
    for (const { path, message, remedy } of parsed.oddities)
      this.#log.warn(`${this.#file.path}: ${path}: ${message}: ${remedy}`);
    this.#endFault();
    this.#file.stamp = stamp;
    this.#filed = await changeContent(this.#filed, edited, slices);
    for (const { path, after } of edited) {
      const name = jsonPath(path);
      if (isDeepStrictEqual(after, partOf(this.#snapshot, path))) this.#behind.delete(name);
      else this.#behind.set(name, path);
    }
    this.#follow();
  }

  /**
   * An edit of a part, merged with what was written since the file was: if both changed the same,
   * the edit wins.
   */
  #merged({ path, before, after }: PartChange): unknown {
    const result = mergeThreeWay(before, after, partOf(this.#snapshot, path), jsonPath(path));
    return 'conflicts' in result ? after : result.value;
  }

  /** Records an edit by hand; undefined if that is not possible now. */
  async #record(changes: readonly PartChange[]): Promise<Revision | undefined> {
    try {
      const revision = await this.#revisions.append({ ...byHand, changes });
      this.#trouble = undefined;
      return revision;
    } catch (error) {
      const remedy = String(this.#troubled(error));
      this.#keep([{ path: '$', message: 'the edit could not be recorded', remedy }], undefined);
      return undefined;
    }
  }

  /** Looks whether the file has changed, without a write. */
  async #look(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    try {
      let stamp = await this.#file.currentStamp().catch(() => undefined);
      const known = stamp !== undefined && this.#file.knows(stamp);
      if (known && (this.#fault === undefined || stamp === this.#file.faultyStamp)) return;
      for (let seen: string | undefined = ''; seen !== stamp;) {
        seen = stamp;
        await pause(settleMs);
        stamp = await this.#file.currentStamp();
      }
      await this.#turns.run(() => this.#noticeEdits());
    } catch (error) {
      this.#keep([{ path: '$', message: (error as Error).message, remedy: 'put the file back' }], undefined);
    } finally {
      this.#looking = false;
    }
  }

  #publish({ flags, shared, affected }: Applied, revision: Revision): void {
    const before = this.#snapshot;
    const after = { revision: revision.revision, flags, shared };
    this.#snapshot = after;
    this.#trouble = undefined;
    for (const listener of this.#listeners) listener({ before, after, revision, affected });
  }

  /** Keeps the rules as they are while the file can't be taken over. */
  #keep(problems: readonly Problem[], stamp: string | undefined): void {
    this.#file.faultyStamp = stamp;
    if (this.#closed || (this.#fault && isDeepStrictEqual(this.#fault.problems, problems))) return;
    this.#fault = { problems, since: new Date() };
    const what = `${this.#file.path} can't be loaded; the last good rules stay in force`;
    this.#log.warn(`${what}:${listProblems(problems)}`);
  }

  #endFault(): void {
    if (this.#fault) this.#log.info(`${this.#file.path} is corrected`);
    this.#fault = undefined;
    this.#file.faultyStamp = undefined;
    this.#follow();
  }

  /** Remembers an error of the disk, for operators. */
  #troubled(error: unknown): unknown {
    const described = diskError(this.#file.path, error);
    if (described !== error) {
      this.#trouble = { message: (described as Error).message, since: this.#trouble?.since ?? new Date() };
    }
    return described;
  }
}

/** The paths of changed parts, each under its name. */
async function pathsOf(
  changes: readonly PartChange[],
  slices: TimeSlices,
): Promise<ReadonlyMap<string, PartPath>> {
  const paths = new Map<string, PartPath>();
  for (const { path } of changes) {
    paths.set(jsonPath(path), path);
    if (slices.over) await slices.next();
  }
  return paths;
}
