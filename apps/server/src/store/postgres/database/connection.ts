import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import postgres, { type Options, type ReservedSql, type Sql } from 'postgres';
import type { Address } from './address.ts';

/** How to connect. */
export interface ConnectionOptions {
  readonly address: Address;
  /** Whether the connection is direct: a pooler keeps no prepared statements. */
  readonly isDirect: boolean;
  /** Parameters of the connection, for direct ones. Default: none. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called with the payload of each notification. */
  readonly onNotify?: (payload: string) => void;
  /** Called each time the connection has ended. */
  readonly onEnd?: () => void;
}

/** The connection, taken for one transaction. */
export interface Reserved {
  readonly sql: ReservedSql;
  /** Whether it is still the connection on which the transaction began. */
  readonly isOpen: () => boolean;
  readonly release: () => void;
}

/** Attempts to connect are at least so far apart, in milliseconds. */
const spacingMs = 200;

/**
 * One connection by postgres.js, which connects again when it is used after it was lost. Its socket
 * is made here, so that it can be destroyed: a frozen network ends no connection.
 */
export class Connection {
  readonly #sql: Sql;
  #socket: Socket | undefined;
  #isUp = false;
  #ended = 0;
  #isDestroyed = false;
  #attemptedAt = Number.NEGATIVE_INFINITY;

  constructor({ address, isDirect, settings = {}, onNotify, onEnd }: ConnectionOptions) {
    const options = {
      max: 1,
      prepare: isDirect,
      fetch_types: false,
      connect_timeout: 5,
      idle_timeout: 0,
      max_lifetime: null,
      backoff: () => 0,
      onnotice: () => {},
      connection: { application_name: 'graylane', ...settings },
      types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
      ...(address.socketFolder !== undefined && { host: address.socketFolder }),
      socket: (chosen) => this.#connect(chosen),
      onnotify: (_channel, payload) => onNotify?.(payload),
      onclose: () => {
        this.#isUp = false;
        this.#ended += 1;
        onEnd?.();
      },
    } satisfies Options<{ bigint: postgres.PostgresType<number> }> & Unlisted;
    this.#sql = postgres(address.url, options) as Sql;
  }

  async reserve(): Promise<Reserved> {
    if (!this.#isUp) {
      // postgres.js loses a reservation if the connection must be opened first and that fails.
      await this.#sql.unsafe('select 1');
      this.#isUp = true;
    }
    // A reservation would wait for ever.
    if (this.#isDestroyed) throw new ConnectionLost();
    const sql = await this.#sql.reserve();
    const ended = this.#ended;
    const isOpen = (): boolean => !this.#isDestroyed && this.#ended === ended;
    return { sql, isOpen, release: () => sql.release() };
  }

  /** Rejects what runs on the connection, and closes it without waiting for the peer. */
  destroy(): void {
    this.#isDestroyed = true;
    void this.#sql.end({ timeout: 0 }).then(() => this.#socket?.destroy());
  }

  async #connect({ path, host: [host = 'localhost'], port: [port = 5432] }: ChosenHost): Promise<Socket> {
    const waitMs = this.#attemptedAt + spacingMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    this.#attemptedAt = performance.now();
    const socket = path ? connect(path) : connect({ host, port, noDelay: true });
    // Without an error, postgres.js would try again for ever.
    socket.once('end', () => socket.destroy(new ConnectionLost()));
    if (this.#isDestroyed) socket.destroy();
    this.#socket = socket;
    // postgres.js reads the name that a certificate must have from the socket.
    return Object.assign(socket, { host, port });
  }
}

/** The connection is lost, and what ran on it has failed. */
export class ConnectionLost extends Error {
  readonly code = 'CONNECTION_CLOSED';

  constructor() {
    super('the connection was lost');
  }
}

/** Options of postgres.js that its types lack. */
interface Unlisted {
  readonly socket: (chosen: ChosenHost) => Promise<Socket>;
  readonly onnotify: (channel: string, payload: string) => void;
}

interface ChosenHost {
  readonly path: string | false | undefined;
  readonly host: readonly string[];
  readonly port: readonly number[];
}
