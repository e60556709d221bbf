import type { Log } from '../../../log.ts';
import { RequestError } from '../../../model/request-error.ts';
import { parseAddress, type Address } from './address.ts';
import { databaseError, isSilent, startError } from './database-error.ts';
import { Listener, sessionSettings } from './listener.ts';
import { migrate, shippedMigrations } from './migrate.ts';
import { Session, type Statement } from './session.ts';

/** How a database is opened. */
export interface DatabaseOptions {
  /** `postgres://USER:PASSWORD@HOST:5432/DATABASE`, of PostgreSQL or a pooler. */
  readonly url: string;
  /** A URL that leads to PostgreSQL itself, if `url` is that of a pooler. Default: `url`. */
  readonly directUrl?: string | undefined;
  /** Whether nothing will be written, so that a standby can be opened. Default: false. */
  readonly readOnly?: boolean | undefined;
  readonly log: Log;
}

/** Why the newest revisions may be missing, or nothing can be written. */
export interface Trouble {
  readonly message: string;
  readonly since: Date;
}

/**
 * A PostgreSQL with the schema `graylane`, by three connections: one that listens, one that writes,
 * one that reads history and records.
 */
export class Database {
  readonly log: Log;
  /** The URL without the password, for messages. */
  readonly shown: string;
  readonly listener: Listener;
  /** Whether this server may report its clients here; one that is read-only perhaps may not. */
  readonly takesReports: boolean;
  readonly #writer: Session;
  readonly #reader: Session;
  #lost: Trouble | undefined;
  #isTrying = false;
  #refused: (Trouble & { readonly isFull: boolean }) | undefined;

  /**
   * Connects, and brings the schema to this version.
   * @throws {Error} with the remedy if the database can't be used.
   */
  static async open({ url, directUrl, readOnly = false, log }: DatabaseOptions): Promise<Database> {
    const address = parseAddress(url);
    const direct = directUrl === undefined ? address : parseAddress(directUrl);
    const session = new Session({ address: direct, isDirect: true, settings: sessionSettings });
    try {
      await migrate(session, await shippedMigrations());
      const state = await session.transaction((statement) => refuseReadOnly(statement, readOnly));
      const pooled = directUrl === undefined ? undefined : address;
      if (pooled) await tryPooler(pooled);
      return new Database({ address, direct, isPooled: pooled !== undefined, ...state, log });
    } catch (error) {
      throw startError(error, direct.shown, directUrl === undefined ? '--database' : '--database-direct');
    } finally {
      session.close();
    }
  }

  private constructor({ address, direct, isPooled, isStandby, takesReports, log }: Opened) {
    this.log = log;
    this.takesReports = takesReports;
    this.shown = address.shown;
    this.#writer = new Session({ address, isDirect: !isPooled });
    this.#reader = new Session({ address, isDirect: !isPooled });
    this.listener = new Listener({
      address: direct,
      isStandby,
      onTrouble: (error) => this.#lose(error, direct),
      onHealth: () => this.#regain(),
    });
    this.listener.add({
      follow: () => {
        // It may have to wait for a write; revisions are read meanwhile.
        void this.#tryWriter();
        return Promise.resolve();
      },
    });
  }

  get trouble(): Trouble | undefined {
    return this.#lost ?? this.#refused;
  }

  /**
   * Runs a transaction that writes.
   * @throws {RequestError} if the database can't be reached or written now.
   */
  async write<T>(work: (statement: Statement) => Promise<T>): Promise<T> {
    try {
      const result = await this.#writer.transaction(work);
      this.#refused = undefined;
      return result;
    } catch (error) {
      const refusal = databaseError(error, this.shown);
      if (refusal !== error && refusal instanceof RequestError) {
        const since = this.#refused?.since ?? new Date();
        this.#refused = { message: refusal.message, since, isFull: refusal.code === 'disk_full' };
      }
      throw refusal;
    }
  }

  /**
   * Runs a transaction that reads.
   * @throws {RequestError} if the database can't be reached now.
   */
  async read<T>(work: (statement: Statement) => Promise<T>, mode: string = 'read only'): Promise<T> {
    try {
      return await this.#reader.transaction(work, { mode });
    } catch (error) {
      throw databaseError(error, this.shown);
    }
  }

  async close(): Promise<void> {
    await this.listener.close();
    this.#writer.close();
    this.#reader.close();
  }

  /** Tries whether writes are possible again; a full disk shows only in a write. */
  async #tryWriter(): Promise<void> {
    const { isFull = true } = this.#refused ?? {};
    if (isFull || this.#isTrying) return;
    this.#isTrying = true;
    await this.#writer
      .transaction(async (statement) => {
        await refuseReadOnly(statement, false);
        this.#refused = undefined;
      })
      .catch(() => {
        // It is tried again.
      });
    this.#isTrying = false;
  }

  #lose(error: unknown, { shown }: Address): void {
    // If a probe has no response, the other connections will have none either.
    if (isSilent(error)) for (const session of [this.#writer, this.#reader]) session.reset();
    const { message } = databaseError(error, shown) as Error;
    if (this.#lost === undefined) {
      this.log.warn(`the database ${shown} is out of reach, and the last rules are served: ${message}`);
    }
    this.#lost = { message, since: this.#lost?.since ?? new Date() };
  }

  #regain(): void {
    if (this.#lost) this.log.info(`the database ${this.shown} can be reached again`);
    this.#lost = undefined;
  }
}

/** How a database may be used. */
interface Usable {
  /** Whether it is a standby, which only a server that is read-only may use. */
  readonly isStandby: boolean;
  readonly takesReports: boolean;
}

interface Opened extends Usable {
  readonly address: Address;
  readonly direct: Address;
  readonly isPooled: boolean;
  readonly log: Log;
}

/** @throws {Error} if nothing can be written, unless nothing will be. */
async function refuseReadOnly(statement: Statement, readOnly: boolean): Promise<Usable> {
  const [state] = await statement<{ standby: boolean; readOnly: string; reports: boolean }>`
    select pg_is_in_recovery() as standby, current_setting('transaction_read_only') as "readOnly",
      has_table_privilege(to_regclass('graylane.replicas'), 'insert, delete') and
      has_table_privilege(to_regclass('graylane.confirmations'), 'insert, update, delete') as reports`;
  const isReadOnly = state?.readOnly === 'on';
  if (isReadOnly && !readOnly) throw Object.assign(new Error('it is read-only'), { code: '25006' });
  return { isStandby: state?.standby === true, takesReports: !isReadOnly && state?.reports === true };
}

async function tryPooler(address: Address): Promise<void> {
  const session = new Session({ address, isDirect: false });
  try {
    await session.transaction((statement) => statement`select 1`);
  } catch (error) {
    throw startError(error, address.shown);
  } finally {
    session.close();
  }
}
