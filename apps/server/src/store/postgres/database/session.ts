import { setTimeout as pause } from 'node:timers/promises';
import postgres from 'postgres';
import { Turns } from '../../../turns.ts';
import { Connection, ConnectionLost, type ConnectionOptions } from './connection.ts';

/** Runs one statement of a transaction; values become parameters. */
export type Statement = <R extends object>(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | boolean | null)[]
) => Promise<readonly R[]>;

/** How a transaction runs. */
export interface TransactionOptions {
  /** After so many milliseconds without a byte the connection is dropped. Default: 15,000. */
  readonly silenceMs?: number;
  /** Options of BEGIN, e.g. `read only`. */
  readonly mode?: string;
}

/**
 * The limits of a transaction on the side of PostgreSQL, in milliseconds. A server that is cut off
 * in the middle of a write holds the lock no longer than that.
 */
const [statementMs, lockMs, idleMs] = ['10000', '5000', '5000'];

/** Attempts to connect are at least so far apart, in milliseconds. */
const spacingMs = 200;

/** The transaction may have been committed: the connection was lost before PostgreSQL confirmed. */
export class UnknownOutcome extends Error {}

/** The database sent nothing for too long while a transaction waited. */
class NoResponse extends Error {
  readonly code = 'NO_RESPONSE';

  constructor(silenceMs: number) {
    super(`it has not responded for ${silenceMs / 1000} s`);
  }
}

/**
 * One connection, which runs one transaction after another. A statement never runs outside of the
 * transaction that it belongs to: if the connection is lost, the rest of the transaction is not
 * sent. Limits of time are set in each transaction, because a pooler drops those of a connection.
 */
export class Session {
  readonly #options: ConnectionOptions;
  #connection: Connection;
  #connectedAt = performance.now();
  #isClosed = false;
  readonly #turns = new Turns();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#connection = new Connection(options);
  }

  /**
   * Runs one transaction, after those before it. Rolls it back if `work` rejects.
   * @throws {UnknownOutcome} if the connection was lost during COMMIT.
   */
  transaction<T>(
    work: (statement: Statement) => Promise<T>,
    { silenceMs = 15_000, mode = '' }: TransactionOptions = {},
  ): Promise<T> {
    return this.#turns.run(async () => {
      let isSilent = false;
      const end = this.#watch(silenceMs, () => {
        isSilent = true;
        this.reset();
      });
      try {
        return await this.#run(work, mode);
      } catch (error) {
        throw isSilent && !(error instanceof UnknownOutcome) ? new NoResponse(silenceMs) : error;
      } finally {
        end();
      }
    });
  }

  /** Drops the connection: what runs on it fails at once, however the network is. */
  reset(): void {
    this.#connection.destroy();
  }

  /** Drops the connection for good. */
  close(): void {
    this.#isClosed = true;
    this.#connection.destroy();
  }

  /** The connection, a new one if the last was lost. */
  async #open(): Promise<Connection> {
    if (!this.#connection.isOver || this.#isClosed) return this.#connection;
    const waitMs = this.#connectedAt + spacingMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    this.#connectedAt = performance.now();
    this.#connection.destroy();
    this.#connection = new Connection(this.#options);
    if (this.#isClosed) this.#connection.destroy();
    return this.#connection;
  }

  /** Calls back when nothing is received for so long. Returns a function that ends it. */
  #watch(silenceMs: number, onSilence: () => void): () => void {
    let received = this.#connection.bytesRead;
    const look = (): void => {
      const { bytesRead } = this.#connection;
      if (bytesRead === received) onSilence();
      else timer = setTimeout(look, silenceMs);
      received = bytesRead;
    };
    let timer = setTimeout(look, silenceMs);
    return () => clearTimeout(timer);
  }

  async #run<T>(work: (statement: Statement) => Promise<T>, mode: string): Promise<T> {
    const connection = await this.#open();
    const { sql, isOpen, lost, release } = await connection.reserve();
    // PostgreSQL confirms the COMMIT of a transaction in which a statement failed, and rolls back.
    let failure: unknown;
    const statement: Statement = async <R extends object>(
      strings: TemplateStringsArray,
      ...values: readonly (string | number | boolean | null)[]
    ) => {
      try {
        if (!isOpen()) throw new ConnectionLost();
        const rows = await sql<R[]>(strings, ...values);
        return [...rows] as readonly R[];
      } catch (error) {
        failure ??= error;
        throw error;
      }
    };
    try {
      let result: T;
      try {
        await Promise.race([sql.unsafe(`begin ${mode}`), lost]);
        const limits = statement`
          select set_config('statement_timeout', ${statementMs}, true),
                 set_config('lock_timeout', ${lockMs}, true),
                 set_config('idle_in_transaction_session_timeout', ${idleMs}, true)`;
        [, result] = await Promise.race([Promise.all([limits, work(statement)]), lost]);
        if (failure !== undefined) throw failure;
        if (!isOpen()) throw new ConnectionLost();
      } catch (error) {
        if (isOpen()) await Promise.race([sql.unsafe('rollback'), lost]).catch(() => this.reset());
        throw error;
      }
      await Promise.race([sql.unsafe('commit'), lost]).catch((error: unknown) => {
        throw isRefusal(error) ? error : new UnknownOutcome('the connection was lost', { cause: error });
      });
      return result;
    } finally {
      if (isOpen()) release();
    }
  }
}

/** Whether PostgreSQL has refused a COMMIT. If it shuts down meanwhile, it may have committed. */
function isRefusal(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.severity === 'ERROR';
}
