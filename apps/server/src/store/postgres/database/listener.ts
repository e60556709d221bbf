import { setTimeout as pause } from 'node:timers/promises';
import type { Address } from './address.ts';
import { Session } from './session.ts';

/** Why something is read again. A notification may have been lost in the other cases. */
export type Occasion = 'listening' | 'notified' | 'timer';

/** Reads what may have changed in the database, on the listening connection. */
export interface Follower {
  follow(session: Session, occasion: Occasion): Promise<void>;
  /** The connection was lost, and with it what a session holds. */
  lost?(): void;
}

/** How a listener works. */
export interface ListenerOptions {
  /** A direct address: LISTEN and session locks do not work through a pooler. */
  readonly address: Address;
  /** A standby can't LISTEN: it is read by the timer alone. */
  readonly isStandby: boolean;
  /** Called when the connection was lost or has come back. */
  readonly onTrouble: (error: unknown) => void;
  readonly onHealth: () => void;
}

/** The connection is probed so often, in milliseconds. */
const probeMs = 1000;

/** How long the connection may be silent while a response is due, in milliseconds. */
export const silenceMs = 3000;

const retryMs = 250;

/**
 * PostgreSQL ends the session, and frees its locks, if a server that is frozen or cut off has sent
 * no probe for so long.
 */
export const sessionSettings: Readonly<Record<string, string>> = {
  statement_timeout: '10000',
  lock_timeout: '5000',
  idle_in_transaction_session_timeout: '5000',
  idle_session_timeout: '10000',
};

/**
 * The listening connection. A notification is a hint and may be lost: followers also read after
 * each LISTEN, and by a timer. A frozen network ends no connection, so a probe without a response
 * does.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #session: Session;
  readonly #followers: Follower[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;
  #isLost = false;
  #isNotified = false;
  #wake: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#session = new Session({
      address: options.address,
      isDirect: true,
      settings: sessionSettings,
      onNotify: () => {
        this.#isNotified = true;
        this.#wake?.();
      },
      onEnd: () => {
        this.#isLost = true;
        this.#wake?.();
      },
    });
  }

  /** Adds a follower; all are called one after another, in this order. */
  add(follower: Follower): void {
    this.#followers.push(follower);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.();
    this.#session.close();
    await this.#running;
    for (const follower of this.#followers) follower.lost?.();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#isLost = false;
        await this.#listen();
        await this.#follow('listening');
        this.#options.onHealth();
        for (;;) {
          const occasion = await this.#next();
          if (this.#isClosed) return;
          if (this.#isLost) throw new Error('the listening connection was lost');
          if (occasion === 'timer') await this.#probe();
          await this.#follow(occasion);
        }
      } catch (error) {
        if (this.#isClosed) return;
        this.#session.reset();
        for (const follower of this.#followers) follower.lost?.();
        this.#options.onTrouble(error);
        await pause(retryMs);
      }
    }
  }

  async #listen(): Promise<void> {
    if (this.#options.isStandby) return this.#probe();
    await this.#session.transaction((statement) => statement`listen graylane`, { silenceMs });
  }

  async #probe(): Promise<void> {
    await this.#session.transaction((statement) => statement`select 1`, { silenceMs });
  }

  async #follow(occasion: Occasion): Promise<void> {
    for (const follower of this.#followers) await follower.follow(this.#session, occasion);
  }

  /** Waits for a notification, the loss of the connection, or the next probe. */
  async #next(): Promise<Occasion> {
    if (!this.#isNotified && !this.#isLost && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, probeMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const occasion = this.#isNotified ? 'notified' : 'timer';
    this.#isNotified = false;
    return occasion;
  }
}
