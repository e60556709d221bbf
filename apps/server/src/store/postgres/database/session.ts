import { Connection, ConnectionLost, type ConnectionOptions } from './connection.ts';

/** Runs one statement of a transaction; values become parameters. */
export type Statement = <R extends object>(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | boolean | null)[]
) => Promise<readonly R[]>;

/** How a transaction runs. */
export interface TransactionOptions {
  /** After so many milliseconds the connection is destroyed. Default: 15,000. */
  readonly deadlineMs?: number;
  /** Options of BEGIN, e.g. `read only`. */
  readonly mode?: string;
}

/**
 * The limits of a transaction on the side of PostgreSQL, in milliseconds. A server that is cut off
 * in the middle of a write holds the lock no longer than that.
 */
const [statementMs, lockMs, idleMs] = ['10000', '5000', '5000'];

/** The transaction may have been committed: the connection was lost before PostgreSQL confirmed. */
export class UnknownOutcome extends Error {}

/**
 * One connection, which runs one transaction after another. A statement never runs outside of the
 * transaction that it belongs to: if the connection is lost, the rest of the transaction is not
 * sent. Limits of time are set in each transaction, because a pooler drops those of a connection.
 */
export class Session {
  readonly #options: ConnectionOptions;
  #connection: Connection;
  #turn: Promise<unknown> = Promise.resolve();

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
    { deadlineMs = 15_000, mode = '' }: TransactionOptions = {},
  ): Promise<T> {
    const done = this.#turn.then(async () => {
      const deadline = setTimeout(() => this.reset(), deadlineMs);
      try {
        return await this.#run(work, mode);
      } finally {
        clearTimeout(deadline);
      }
    });
    this.#turn = done.catch(() => {
      // The caller gets the error; the next transaction is not affected.
    });
    return done;
  }

  /** Drops the connection: what runs on it fails at once, however the network is. */
  reset(): void {
    const old = this.#connection;
    this.#connection = new Connection(this.#options);
    old.destroy();
  }

  /** Drops the connection for good. */
  close(): void {
    this.#connection.destroy();
  }

  async #run<T>(work: (statement: Statement) => Promise<T>, mode: string): Promise<T> {
    const { sql, isOpen, release } = await this.#connection.reserve();
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
        await sql.unsafe(`begin ${mode}`);
        const limits = statement`
          select set_config('statement_timeout', ${statementMs}, true),
                 set_config('lock_timeout', ${lockMs}, true),
                 set_config('idle_in_transaction_session_timeout', ${idleMs}, true)`;
        [, result] = await Promise.all([limits, work(statement)]);
        if (failure !== undefined) throw failure;
        if (!isOpen()) throw new ConnectionLost();
      } catch (error) {
        if (isOpen()) await sql.unsafe('rollback').catch(() => this.reset());
        throw error;
      }
      await sql.unsafe('commit').catch((error: unknown) => {
        throw isOpen() ? error : new UnknownOutcome('the connection was lost', { cause: error });
      });
      return result;
    } finally {
      if (isOpen()) release();
    }
  }
}
