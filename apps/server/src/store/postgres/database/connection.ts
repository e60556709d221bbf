import { connect, Socket } from 'node:net';
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
  /** Called when the connection has ended. */
  readonly onEnd?: () => void;
}

/** The connection, taken for one transaction. */
export interface Reserved {
  readonly sql: ReservedSql;
  /** Whether it is still the connection on which the transaction began. */
  readonly isOpen: () => boolean;
  /** Rejects when the connection is lost: postgres.js forgets queries that it has not sent. */
  readonly lost: Promise<never>;
  readonly release: () => void;
}

/**
 * One connection by postgres.js, which is used until it is lost. postgres.js would connect again,
 * but then it sends what it had not sent before, and may wait for ever. The socket is made here, so
 * that it can be destroyed: a frozen network ends no connection.
 */
export class Connection {
  readonly #sql: Sql;
  #socket: Socket | undefined;
  #isUp = false;
  #isOver = false;
  #onLost: (() => void) | undefined;

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
        this.#isOver = true;
        this.#onLost?.();
        onEnd?.();
      },
    } satisfies Options<{ bigint: postgres.PostgresType<number> }> & Unlisted;
    this.#sql = postgres(address.url, options) as Sql;
  }

  /** Whether the connection was lost, or could not be opened. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The bytes that its socket has received so far. */
  get bytesRead(): number {
    return this.#socket?.bytesRead ?? 0;
  }

  async reserve(): Promise<Reserved> {
    if (!this.#isUp) {
      // postgres.js loses a reservation if the connection must be opened first and that fails.
      await this.#sql.unsafe('select 1').catch((error: unknown) => {
        this.destroy();
        throw error;
      });
      this.#isUp = true;
    }
    // A reservation would wait for ever.
    if (this.#isOver) throw new ConnectionLost();
    const sql = await this.#sql.reserve();
    const isOpen = (): boolean => !this.#isOver;
    const lost = new Promise<never>((_resolve, reject) => {
      this.#onLost = () => reject(new ConnectionLost());
    });
    lost.catch(() => {
      // The transaction has ended before.
    });
    return { sql, isOpen, lost, release: () => sql.release() };
  }

  /** Rejects what runs on the connection, and closes it without waiting for the peer. */
  destroy(): void {
    this.#isOver = true;
    this.#onLost?.();
    void this.#sql.end({ timeout: 0 }).then(() => this.#socket?.destroy());
  }

  #connect({ path, host: [host = 'localhost'], port: [port = 5432] }: ChosenHost): Socket {
    if (this.#socket !== undefined || this.#isOver) return lostSocket();
    const socket = path ? connect(path) : connect({ host, port, noDelay: true });
    // Without an error, postgres.js would try again for ever.
    socket.once('end', () => socket.destroy(new ConnectionLost()));
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

function lostSocket(): Socket {
  const socket = new Socket();
  // Once postgres.js listens to it.
  setImmediate(() => socket.destroy(new ConnectionLost()));
  return socket;
}

/** Options of postgres.js that its types lack. */
interface Unlisted {
  readonly socket: (chosen: ChosenHost) => Socket;
  readonly onnotify: (channel: string, payload: string) => void;
}

interface ChosenHost {
  readonly path: string | false | undefined;
  readonly host: readonly string[];
  readonly port: readonly number[];
}
