import type { Content, Snapshot } from '../../model/document.ts';
import { RequestError } from '../../model/request-error.ts';
import type { HistoryPage, Revision } from '../../model/revision.ts';
import type { Applied } from '../apply-change.ts';
import type { Decide, FlagsChanged, FlagStore, StoreHealth } from '../flag-store.ts';
import type { Verification } from '../verification.ts';
import { recordsOf, type Fence, type Records } from '../records.ts';
import type { Database } from './database/database.ts';
import { readRecords } from './record-rows.ts';
import { readPage, toRevision } from './revision-rows.ts';
import { verifyEnvironment } from './verify-database.ts';
import type { WriteQueue } from './write-queue.ts';

/** An environment as a row. */
export interface EnvironmentRow {
  readonly environment: number;
  readonly name: string;
  /** The first half of each revision: `<history>.<n>`. */
  readonly history: string;
}

/** The newest revision of an environment: its number, and the hash of its line. */
export interface Head {
  readonly n: number;
  readonly hash: string;
}

/** The parts that the stores of all environments share. */
export interface StoreOptions {
  readonly database: Database;
  readonly queue: WriteQueue;
  /** Refuses every write. Default: false. */
  readonly readOnly?: boolean | undefined;
}

/**
 * The flags of one environment in PostgreSQL. The newest snapshot is in memory, so that evaluations
 * and streams go on while the database can't be reached.
 */
export class PostgresStore implements FlagStore {
  readonly row: EnvironmentRow;
  readonly records: Records;
  readonly #options: StoreOptions;
  readonly #listeners = new Set<(event: FlagsChanged) => void>();
  #snapshot: Snapshot;
  #head: Head;
  #isRemoved = false;

  constructor(options: StoreOptions, row: EnvironmentRow, head: Head, content: Content) {
    this.row = row;
    this.#options = options;
    this.#head = head;
    this.#snapshot = { revision: `${row.history}.${head.n}`, ...content };
    const { database } = options;
    this.records = recordsOf(this, {
      get: (kind, id) => database.read((statement) => readRecords(statement, row.environment).get(kind, id)),
      list: (kind) => database.read((statement) => readRecords(statement, row.environment).list(kind)),
    });
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get head(): Head {
    return this.#head;
  }

  health(): StoreHealth {
    const { database, readOnly = false } = this.#options;
    const { trouble } = database;
    const note = 'the last rules are served until the database can be reached';
    return {
      degraded: trouble !== undefined,
      readOnly,
      details: {
        journal: { entries: this.#head.n, head: this.#head.hash },
        ...(trouble && { note, database: trouble }),
      },
    };
  }

  onChange(listener: (event: FlagsChanged) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async write(decide: Decide, fence?: Fence): Promise<Snapshot> {
    this.refuseIfRemoved();
    if (this.#options.readOnly) {
      throw new RequestError(
        'read_only',
        'this server is read-only: write through another one, or start it without --read-only',
      );
    }
    return this.#options.queue.write(this, decide, fence);
  }

  async history({ limit, before, part }: HistoryPage): Promise<readonly Revision[]> {
    const { environment, history } = this.row;
    const end = before === undefined ? this.#head.n + 1 : (this.#numberOf(before) ?? 0);
    const entries = await this.#options.database.read((statement) =>
      readPage(statement, environment, { limit, before: end, part }),
    );
    return entries.map((entry) => toRevision(history, entry));
  }

  async revision(revision: string): Promise<Revision | undefined> {
    const n = this.#numberOf(revision);
    if (n === undefined) return undefined;
    const { environment, history } = this.row;
    const [entry] = await this.#options.database.read((statement) =>
      readPage(statement, environment, { limit: 1, before: n + 1 }),
    );
    return entry?.n === n ? toRevision(history, entry) : undefined;
  }

  verify(): Promise<Verification> {
    const { environment } = this.row;
    const mode = 'isolation level repeatable read read only';
    return this.#options.database.read((statement) => verifyEnvironment(statement, environment), mode);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** @throws {RequestError} `unknown_environment` */
  refuseIfRemoved(): void {
    if (this.#isRemoved) throw new RequestError('unknown_environment', 'the environment has been removed');
  }

  /** Goes on to the next revision, which the database has. */
  advance(head: Head, { flags, shared, affected }: Applied, revision: Revision): void {
    const before = this.#snapshot;
    const after = { revision: revision.revision, flags, shared };
    this.#head = head;
    this.#snapshot = after;
    for (const listener of this.#listeners) listener({ before, after, revision, affected });
  }

  /** Refuses all further writes: the last revision has removed the environment. */
  end(head: Head): void {
    this.#head = head;
    this.#isRemoved = true;
  }

  #numberOf(revision: string): number | undefined {
    const [history, number = ''] = revision.split('.');
    return history === this.row.history && /^[1-9]\d{0,14}$/.test(number) ? Number(number) : undefined;
  }
}
