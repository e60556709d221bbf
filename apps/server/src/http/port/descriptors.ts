import { readFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import process from 'node:process';
import type { Log } from '../../log.ts';

/** Descriptors for files, watches and pipes, with some to spare for short-lived ones. */
const reserved = 64;

/**
 * Scarcity begins at nine tenths and ends at eight, so that it does not change with every
 * connection.
 */
const nearlyAll = 0.9;
const wellOver = 0.8;

/** How many connections are open, and for how many there is room. */
export interface DescriptorUse {
  readonly open: number;
  readonly limit: number;
}

/** How the connections of a server are counted. */
export interface WatchOptions {
  /**
   * The part of the room that this server may take, so that it leaves some to the others. Default:
   * 1.
   */
  readonly share?: number;
}

/** Servers of HTTP/1.1 can close the connections that have no request; others can't. */
interface IdleConnections {
  closeIdleConnections?(): void;
}

/**
 * Counts connections against the limit of open files. A process without descriptors can't read a
 * file, and much of Node throws in unexpected places; counting the open ones through the system
 * takes a descriptor, too. So connections are counted as they open and close, and refused in time.
 */
export class Descriptors {
  readonly #limit: number;
  readonly #log: Log;
  readonly #servers: Array<Server & IdleConnections> = [];
  #open = 0;
  #scarce = false;

  constructor(log: Log) {
    this.#limit = openFilesLimit();
    this.#log = log;
  }

  get use(): DescriptorUse {
    return { open: this.#open, limit: this.#room };
  }

  /** Whether nine tenths of the room are taken, or were and are not yet given back well. */
  get scarce(): boolean {
    return this.#scarce;
  }

  /** Counts the connections of a server, and closes those for which there is no room. */
  watch(server: Server & IdleConnections, { share = 1 }: WatchOptions = {}): void {
    this.#servers.push(server);
    let open = 0;
    // One function for all: every connection would keep a closure of its own alive.
    const closed = (): void => {
      open -= 1;
      this.#count(-1);
    };
    server.on('connection', (socket: Socket) => {
      open += 1;
      this.#count(1);
      socket.on('close', closed);
      if (this.#open > this.#room || open > this.#room * share) socket.destroy();
    });
  }

  #count(change: 1 | -1): void {
    this.#open += change;
    const before = this.#scarce;
    this.#scarce = this.#open >= this.#room * (before ? wellOver : nearlyAll);
    if (before === this.#scarce) return;
    // Connections without a request make room for new ones; while descriptors are scarce, each
    // response closes its connection.
    if (this.#scarce) for (const server of this.#servers) server.closeIdleConnections?.();
    const state = `${this.#open} of ${this.#room} connections are open`;
    if (before) this.#log.info(`${state}: there is room for streams again`);
    else this.#log.warn(`${state}: new streams are refused; raise the limit of open files (ulimit -n)`);
  }

  /** The number of connections that fit. A limit too small for the reserve leaves half of it. */
  get #room(): number {
    return Math.max(this.#limit - reserved, Math.floor(this.#limit / 2));
  }
}

/**
 * The number of files and connections that this process may have open; Node raises it to the hard
 * limit.
 */
export function openFilesLimit(): number {
  const [, limit] = /^Max open files +(\d+)/m.exec(linuxLimits()) ?? [];
  if (limit !== undefined) return Number(limit);
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}

/** The limits of this process on Linux, where a report would take 10 ms. */
function linuxLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Another system, or one that hides /proc.
    return '';
  }
}
