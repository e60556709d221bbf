import type { ParsedDocument, Snapshot } from '../../model/document.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Authorship } from '../../model/revision.ts';
import { TimeSlices } from '../../time-slices.ts';
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
import { noHash } from '../journal/line.ts';
import { newHistory } from '../journal/revision-log.ts';
import type { Leadership } from '../leadership.ts';
import type { Database } from './database/database.ts';
import { silenceMs } from './database/listener.ts';
import { Election } from './election.ts';
import type { PostgresStore } from './postgres-store.ts';
import { Replica } from './replica.ts';
import { appendLine, readAfter } from './revision-rows.ts';
import type { Session } from './database/session.ts';
import { WriteQueue } from './write-queue.ts';

type Listener = (name: string, store: FlagStore) => void;

/**
 * The environments in a PostgreSQL, which any number of servers share. Each server has the newest
 * revision of each environment in memory, and follows the revisions of the others.
 */
export class PostgresEnvironments implements Environments {
  readonly leadership: Leadership;
  readonly #database: Database;
  readonly #readOnly: boolean;
  readonly #queue: WriteQueue;
  readonly #replica: Replica;
  readonly #stores = new Map<string, PostgresStore>();
  readonly #creations = new Set<Listener>();
  readonly #removals = new Set<Listener>();

  /**
   * Reads all environments, and creates `default` in a database that has none. The caller starts
   * the listener of the database, and closes both.
   */
  static async open(database: Database, readOnly: boolean = false): Promise<PostgresEnvironments> {
    const environments = new PostgresEnvironments(database, readOnly);
    await database.read(
      (statement) => environments.#replica.load(statement),
      'isolation level repeatable read read only',
    );
    if (environments.#stores.has(defaultEnvironment)) return environments;
    if (readOnly)
      throw new Error(`the database ${database.shown} has no flags: start once without --read-only`);
    await environments.#create(defaultEnvironment, emptyDocument, firstStart).catch((error: unknown) => {
      // Another server that started at the same time has created it.
      if (!(error instanceof RequestError && error.code === 'name_taken')) throw error;
    });
    return environments;
  }

  private constructor(database: Database, readOnly: boolean) {
    this.#database = database;
    this.#readOnly = readOnly;
    this.#queue = new WriteQueue(database, () => this.#replica);
    this.#replica = new Replica(
      { database, queue: this.#queue, readOnly },
      { created: (store) => this.#created(store), removed: (store) => this.#removed(store) },
    );
    const election = new Election();
    this.leadership = election;
    database.listener.add({ follow: (session) => this.#follow(session) });
    // The controllers of a server that writes nothing have nothing to lead.
    if (!readOnly) database.listener.add(election);
  }

  get names(): readonly string[] {
    return [...this.#stores.keys()].toSorted();
  }

  get(name: string): FlagStore | undefined {
    return this.#stores.get(name);
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
    requireWritable(this.#readOnly);
    await this.#create(name, document, authorship);
    return storeOf(this, name);
  }

  async remove(name: string, decide: (current: Snapshot) => Authorship): Promise<void> {
    requireWritable(this.#readOnly);
    storeOf(this, name);
    requireRemovable(name);
    const row = await this.#queue.underLock(async (statement) => {
      const store = storeOf(this, name) as PostgresStore;
      const entry = { ...decide(store.snapshot), changes: [], removed: true } as const;
      const { environment } = store.row;
      const at = new Date().toISOString();
      const { n, hash } = store.head;
      await statement`update graylane.environments set removed_at = now() where id = ${environment}`;
      return {
        ...store.row,
        ...(await appendLine(statement, environment, hash, { n: n + 1, at, ...entry })),
      };
    });
    await this.#replica.take([row]);
  }

  async close(): Promise<void> {
    await this.#queue.close();
    await this.#database.close();
  }

  async #create(name: string, document: ParsedDocument, authorship: Authorship): Promise<void> {
    const changes = await firstChanges(document, new TimeSlices());
    const row = await this.#queue.underLock(async (statement) => {
      requireNewName(name, this.#stores.has(name));
      const history = newHistory();
      const [{ id } = { id: 0 }] = await statement<{ id: number }>`
        insert into graylane.environments (name, history) values (${name}, ${history}) returning id`;
      const first = { n: 1, format: 1, history, at: new Date().toISOString() } as const;
      const entry = { ...first, ...authorship, changes };
      return { environment: id, name, history, ...(await appendLine(statement, id, noHash, entry)) };
    });
    await this.#replica.take([row]);
  }

  async #follow(session: Session): Promise<void> {
    const rows = await session.transaction((statement) => readAfter(statement, this.#replica.position), {
      silenceMs,
    });
    await this.#replica.take(rows);
  }

  #created(store: PostgresStore): void {
    this.#stores.set(store.row.name, store);
    for (const listener of this.#creations) listener(store.row.name, store);
  }

  #removed(store: PostgresStore): void {
    this.#stores.delete(store.row.name);
    for (const listener of this.#removals) listener(store.row.name, store);
  }
}
