import type { Log } from '../log.ts';
import { RequestError } from '../model/request-error.ts';
import type { FileWatcher } from '../store/file/file-watcher.ts';
import { timeOf } from './change-tokens.ts';
import { logTokenChanges } from './log-token-changes.ts';
import { anonymous, type Principal } from './principal.ts';
import { hashOf, isWhole } from './token.ts';
import type { TokenRecord } from './token-record.ts';
import type { TokenStore } from './token-store.ts';

/** How the tokens of a server are kept. */
export interface TokensOptions {
  /** Undefined for a server that can't have tokens. */
  readonly file: TokenStore | undefined;
  /** Requires a token of every request even if the file does not exist yet. Default: false. */
  readonly required?: boolean;
  readonly watcher: FileWatcher;
  readonly log: Log;
}

/** A token in use; a replaced one has its own entry until the overlap ends. */
interface Entry {
  readonly principal: Principal;
  readonly until: number;
}

/** The longest timer of Node, in milliseconds. */
const maxTimerMs = 2_147_483_647;

/**
 * The tokens that a server accepts. It follows changes of the file that other processes make.
 * Once the file exists, every request needs a token, even after the last one was revoked.
 */
export class Tokens {
  readonly file: TokenStore | undefined;
  readonly #log: Log;
  readonly #listeners = new Set<() => void>();
  readonly #unwatch: () => void;
  #records: readonly TokenRecord[] = [];
  /** By the hash of the token. */
  #entries: ReadonlyMap<string, Entry> = new Map();
  #principals: ReadonlySet<Principal> = new Set();
  #required: boolean;
  #read = '';
  #timer: NodeJS.Timeout | undefined;
  #loading: Promise<void> = Promise.resolve();

  /** @throws {Error} if the file can't be read, or is not a file of tokens. */
  static async open(options: TokensOptions): Promise<Tokens> {
    const tokens = new Tokens(options);
    try {
      tokens.#take(await options.file?.read());
    } catch (error) {
      tokens.close();
      throw error;
    }
    return tokens;
  }

  private constructor({ file, required = false, watcher, log }: TokensOptions) {
    this.file = file;
    this.#required = required;
    this.#log = log;
    this.#unwatch = file?.watch(() => void this.reload(), watcher) ?? (() => {});
  }

  get records(): readonly TokenRecord[] {
    return this.#records;
  }

  /** Whether every request needs a token. */
  get required(): boolean {
    return this.#required;
  }

  /**
   * The sender who presents a token.
   * @throws {RequestError} `unauthenticated`, with what is wrong with the token.
   */
  find(token: string): Principal {
    if (!isWhole(token)) {
      throw unauthenticated('the token is incomplete or mistyped: send it as it was created, e.g. gl_…');
    }
    const entry = this.#entries.get(hashOf(token));
    if (entry === undefined) throw unauthenticated('the token is unknown or revoked: create a new one');
    if (entry.until <= Date.now()) throw unauthenticated('the token has expired: create or rotate one');
    return entry.principal;
  }

  /** Whether a sender that was admitted earlier would be admitted now. */
  admits(principal: Principal): boolean {
    if (principal.until !== undefined) return principal.until > Date.now();
    return principal === anonymous ? !this.#required : this.#principals.has(principal);
  }

  /** Calls back after a sender has lost its access: tokens were changed, or one has expired. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Reads the file again. A file that can't be read changes nothing. */
  async reload(): Promise<void> {
    this.#loading = this.#loading.then(async () => {
      try {
        this.#take(await this.file?.read());
      } catch (error) {
        const { message } = error as Error;
        if (message !== this.#read) this.#log.warn(`${message} (the tokens before it stay in force)`);
        this.#read = message;
      }
    });
    return this.#loading;
  }

  close(): void {
    this.#unwatch();
    clearTimeout(this.#timer);
  }

  #take(records: readonly TokenRecord[] | undefined): void {
    // A file that was removed leaves its tokens in force: to open the server takes a restart.
    if (records === undefined) return;
    this.#required = true;
    const read = JSON.stringify(records);
    if (read === this.#read) return;
    if (this.#read !== '') logTokenChanges(this.#records, records, this.#log);
    this.#read = read;
    this.#records = records;
    this.#index();
  }

  /** Senders whose token did not change keep their identity, and with it their streams. */
  #index(): void {
    const entries = new Map<string, Entry>();
    for (const { name, scope, environment, sha256, expiresAt, previous = [] } of this.#records) {
      const principal: Principal = { name, scope, environment };
      for (const { hash, until } of [
        { hash: sha256, until: timeOf(expiresAt) },
        ...previous.map((one) => ({ hash: one.sha256, until: timeOf(one.validUntil) })),
      ]) {
        const known = this.#entries.get(hash)?.principal;
        entries.set(hash, { principal: known && isSame(known, principal) ? known : { ...principal }, until });
      }
    }
    this.#entries = entries;
    this.#expire();
  }

  #expire(): void {
    clearTimeout(this.#timer);
    const now = Date.now();
    const valid = [...this.#entries.values()].filter(({ until }) => until > now);
    this.#principals = new Set(valid.map(({ principal }) => principal));
    const next = Math.min(...valid.map(({ until }) => until));
    if (next < Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#expire(), Math.min(next - now + 1, maxTimerMs)).unref();
    }
    for (const listener of this.#listeners) listener();
  }
}

function isSame(one: Principal, other: Principal): boolean {
  return one.name === other.name && one.scope === other.scope && one.environment === other.environment;
}

function unauthenticated(message: string): RequestError {
  return new RequestError('unauthenticated', message, {
    challenge: 'Bearer realm="graylane", error="invalid_token"',
  });
}
