import type { Log } from '../../log.ts';
import { compileDocument } from '../../model/compile.ts';
import type { ParsedDocument, Snapshot } from '../../model/document.ts';
import { differingParts } from '../../model/parts.ts';
import { listProblems } from '../../model/problem-text.ts';
import { RequestError } from '../../model/request-error.ts';
import type { HistoryPage, Revision } from '../../model/revision.ts';
import { TimeSlices } from '../../time-slices.ts';
import { applyChange } from '../apply-change.ts';
import type { FlagsChanged, FlagStore, StoreHealth } from '../flag-store.ts';
import { StoredRecords } from '../file/stored-records.ts';
import { MemoryLog } from '../journal/memory-log.ts';
import { recordsOf, type Records } from '../records.ts';
import { FeedError, type DocumentFeed } from './document-feed.ts';

/**
 * The flags of a feed: each document that differs becomes a revision, and a faulty one is not taken
 * over. Refuses every write.
 */
export class FeedStore implements FlagStore {
  readonly #feed: DocumentFeed;
  readonly #log: Log;
  readonly #revisions: MemoryLog;
  /** None: a record is written like a change, and those are refused. */
  readonly records: Records = recordsOf(this, new StoredRecords());
  readonly #listeners = new Set<(event: FlagsChanged) => void>();
  #snapshot: Snapshot;
  #fault: { readonly message: string; readonly since: Date } | undefined;
  #unwatch: () => void = () => {};
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #closed = false;

  /**
   * Reads the feed and follows it.
   * @throws {FeedError} if there is no document to begin with.
   */
  static async open(feed: DocumentFeed, log: Log): Promise<FeedStore> {
    const slices = new TimeSlices();
    const document = await firstDocument(feed);
    const revisions = new MemoryLog();
    const content = await compileDocument(document, slices);
    const changes = await differingParts(undefined, document, slices);
    const { revision } = await revisions.append({ author: feed.name, reason: 'as it was found', changes });
    await feed.accept();
    const store = new FeedStore({ feed, log, revisions, snapshot: { revision, ...content } });
    store.#unwatch = feed.watch(() => void store.#look());
    return store;
  }

  private constructor(parts: { feed: DocumentFeed; log: Log; revisions: MemoryLog; snapshot: Snapshot }) {
    this.#feed = parts.feed;
    this.#log = parts.log;
    this.#revisions = parts.revisions;
    this.#snapshot = parts.snapshot;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  health(): StoreHealth {
    const note = 'the last good rules are served until the source is corrected';
    return {
      degraded: this.#fault !== undefined,
      readOnly: true,
      details: { ...(this.#fault && { note, source: this.#feed.name, ...this.#fault }) },
    };
  }

  onChange(listener: (event: FlagsChanged) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  write(): Promise<never> {
    const message = `this server serves ${this.#feed.name}: ${this.#feed.remedy}`;
    return Promise.reject(new RequestError('read_only', message));
  }

  history(page: HistoryPage): Promise<readonly Revision[]> {
    return this.#revisions.page(page);
  }

  revision(revision: string): Promise<Revision | undefined> {
    return this.#revisions.find(revision);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    await this.#looking;
  }

  /** One look at a time; a call during a look leads to one more. Never rejects. */
  async #look(): Promise<void> {
    this.#lookAgain = true;
    this.#looking ??= this.#lookUntilDone().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #lookUntilDone(): Promise<void> {
    while (this.#lookAgain && !this.#closed) {
      this.#lookAgain = false;
      try {
        const document = await this.#feed.read();
        if (document !== undefined) await this.#takeOver(document);
        this.#endFault();
      } catch (error) {
        this.#keep(error as Error);
      }
    }
  }

  async #takeOver(document: ParsedDocument): Promise<void> {
    const before = this.#snapshot;
    const applied = await applyChange(before, { document }, new TimeSlices(), { refuse: 'breaks' });
    if ('problems' in applied) throw new FeedError(`${this.#feed.name} has faults`, applied);
    const { changes, affected, flags, shared } = applied;
    if (changes.length > 0) {
      const revision = await this.#revisions.append({ author: this.#feed.name, changes });
      const after = { revision: revision.revision, flags, shared };
      this.#snapshot = after;
      for (const listener of this.#listeners) listener({ before, after, revision, affected });
    }
    await this.#feed.accept();
  }

  /** Keeps the rules as they are while there is no document to take over. */
  #keep(error: Error): void {
    const problems = error instanceof FeedError ? error.problems : [];
    const message = `${error.message}${listProblems(problems)}`;
    if (this.#closed || this.#fault?.message === message) return;
    this.#fault = { message, since: this.#fault?.since ?? new Date() };
    this.#log.warn(`the last good rules stay in force: ${message}`);
  }

  #endFault(): void {
    if (this.#fault) this.#log.info(`${this.#feed.name} can be read again`);
    this.#fault = undefined;
  }
}

/** The error of a start is all that its user sees, so it lists the problems. */
async function firstDocument(feed: DocumentFeed): Promise<ParsedDocument> {
  try {
    return (await feed.read()) as ParsedDocument;
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    throw new FeedError(`${error.message}${listProblems(error.problems)}`, { cause: error });
  }
}
