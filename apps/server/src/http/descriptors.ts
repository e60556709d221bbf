import type { Server, Socket } from 'node:net';
import process from 'node:process';
import type { Log } from '../log.ts';

/** What the process keeps open beside its connections: files, watches, pipes; and some to spare for the ones that come and go. */
const reserved = 64;

/** From here on there is room for short requests only, until it is well over: not on and off with every connection. */
const nearlyAll = 0.9;
const wellOver = 0.8;

/** How file descriptors stand. */
export interface DescriptorUse {
  readonly open: number;
  readonly limit: number;
}

/**
 * Counts connections against the limit of open files. A process that runs out of descriptors can read no file, and much of Node throws
 * where nobody expects it; asking the system how many are open takes a descriptor too. So connections are counted as they come and go,
 * and turned away in time.
 */
export class Descriptors {
  readonly #limit: number;
  readonly #log: Log;
  #open = 0;
  #scarce = false;

  constructor(log: Log) {
    this.#limit = openFilesLimit();
    this.#log = log;
  }

  get use(): DescriptorUse {
    return { open: this.#open, limit: this.#room };
  }

  /** Whether nine tenths of the room are taken, or were and are not well given back. */
  get scarce(): boolean {
    return this.#scarce;
  }

  /** Counts the connections of a server, and closes those for which there is no room. */
  watch(server: Server): void {
    // One for all: every connection would keep its own alive.
    const closed = (): void => this.#count(-1);
    server.on('connection', (socket: Socket) => {
      this.#count(1);
      socket.on('close', closed);
      if (this.#open > this.#room) socket.destroy();
    });
  }

  #count(change: 1 | -1): void {
    this.#open += change;
    const before = this.#scarce;
    this.#scarce = this.#open >= this.#room * (before ? wellOver : nearlyAll);
    if (before === this.#scarce) return;
    const state = `${this.#open} of ${this.#room} connections are taken`;
    if (before) this.#log.info(`${state}: there is room for streams again`);
    else this.#log.warn(`${state}: new streams are turned away; raise the limit of open files (ulimit -n)`);
  }

  /** For how many connections there is room. A limit too small for the reserve leaves half of it. */
  get #room(): number {
    return Math.max(this.#limit - reserved, Math.floor(this.#limit / 2));
  }
}

/** How many files and connections this process may have open; Node has raised it as far as it goes. */
export function openFilesLimit(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}
