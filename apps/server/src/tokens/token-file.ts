import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { RequestError } from '../model/request-error.ts';
import { diskError } from '../store/disk/disk-error.ts';
import { readIfThere, syncFolder, writeDurably } from '../store/disk/staged-file.ts';
import type { FileWatcher } from '../store/file/file-watcher.ts';
import { isScope } from './scope.ts';
import type { TokenRecord } from './token-record.ts';
import type { TokenStore } from './token-store.ts';

const [patienceMs, retryMs] = [5000, 20];

/** A lock that is older was left by a process that ended: writing takes milliseconds. */
const staleMs = 10_000;

/** The file of tokens in a data folder. */
export function tokensOfFolder(folder: string): string {
  return `${folder}/tokens.json`;
}

/**
 * The tokens in a file of JSON, with their hashes. The command line and a server may change it at
 * the same time: a lock beside the file keeps their changes apart, and each change replaces the
 * whole file.
 */
export class TokenFile implements TokenStore {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * The tokens; undefined if the file does not exist.
   * @throws {Error} if it can't be read, or is not a file of tokens.
   */
  async read(): Promise<readonly TokenRecord[] | undefined> {
    let bytes: Buffer | undefined;
    try {
      bytes = await readIfThere(this.path);
    } catch (error) {
      throw new Error(`the tokens in ${this.path} can't be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
    return bytes === undefined ? undefined : this.#parse(bytes.toString());
  }

  /**
   * Makes one change, durable when this resolves. `change` gets the newest tokens.
   * @throws {RequestError} `unwritable` or `disk_full`.
   */
  async update<T extends { readonly records: readonly TokenRecord[] }>(
    change: (records: readonly TokenRecord[]) => T,
  ): Promise<T> {
    const folder = dirname(this.path);
    try {
      await mkdir(folder, { recursive: true });
      await this.#lock();
      try {
        const changed = change((await this.read()) ?? []);
        const text = `${JSON.stringify({ tokens: changed.records }, null, 2)}\n`;
        const { mode } = await stat(this.path).catch(() => ({ mode: 0o600 }));
        const next = `${this.path}.next`;
        await rm(next, { force: true });
        await writeDurably(next, [Buffer.from(text)], mode);
        await rename(next, this.path);
        await syncFolder(folder);
        return changed;
      } finally {
        await rm(this.#lockPath, { force: true });
      }
    } catch (error) {
      throw diskError(this.path, error);
    }
  }

  get place(): string {
    return this.path;
  }

  watch(onChange: () => void, watcher: FileWatcher): () => void {
    return watcher.watch(this.path, onChange);
  }

  get #lockPath(): string {
    return `${this.path}.lock`;
  }

  async #lock(): Promise<void> {
    for (const start = Date.now(); ; await setTimeout(retryMs)) {
      try {
        await (await open(this.#lockPath, 'wx', 0o600)).close();
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const { mtimeMs } = await stat(this.#lockPath).catch(() => ({ mtimeMs: Date.now() }));
      if (Date.now() - mtimeMs > staleMs) await rm(this.#lockPath, { force: true });
      if (Date.now() - start > patienceMs) {
        const remedy = `try again; if no other process is changing the tokens, remove ${this.#lockPath}`;
        throw new RequestError('unwritable', `the tokens in ${this.path} are being changed: ${remedy}`);
      }
    }
  }

  #parse(text: string): readonly TokenRecord[] {
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch (error) {
      throw this.#malformed('is not JSON', error);
    }
    const { tokens } = (document ?? {}) as { readonly tokens?: unknown };
    if (!Array.isArray(tokens)) throw this.#malformed('has no array "tokens"');
    for (const [index, record] of tokens.entries()) {
      if (!isRecord(record)) throw this.#malformed(`has at $.tokens[${index}] a token that is not complete`);
    }
    return tokens as readonly TokenRecord[];
  }

  #malformed(fault: string, cause?: unknown): Error {
    const remedy = 'change it with graylane-server token create, revoke or rotate, not by hand';
    return new Error(`the file of tokens ${this.path} ${fault}: ${remedy}`, { cause });
  }
}

function isRecord(value: unknown): value is TokenRecord {
  const {
    id,
    name,
    scope,
    environment,
    expiresAt,
    sha256,
    previous = [],
  } = (value ?? {}) as Record<string, unknown>;
  return (
    [id, name].every((text) => typeof text === 'string' && text !== '') &&
    isScope(scope) &&
    isHash(sha256) &&
    isTimeOrNone(expiresAt) &&
    (environment === undefined || typeof environment === 'string') &&
    Array.isArray(previous) &&
    previous.every(
      (one) => isHash(one?.sha256) && one.validUntil !== undefined && isTimeOrNone(one.validUntil),
    )
  );
}

function isHash(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isTimeOrNone(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && !Number.isNaN(Date.parse(value)));
}
