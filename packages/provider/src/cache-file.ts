import { createHash, randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { FlagSet } from '@graylane/flags';

/** The content of a cache file. */
export interface CachedFlags {
  readonly document: unknown;
  readonly revision: string;
}

/** The flags to write to a cache file. */
export interface FlagsToCache {
  readonly flags: FlagSet;
  /** The document; its flags are ignored. */
  readonly rest: object;
  readonly revision: string;
}

/**
 * Between the beginnings of two writes: a file of many flags is not written anew at each change.
 */
const minIntervalMs = 1000;

/** So much is serialized at once; the event loop runs in between. */
const batchLength = 65_536;

/** Temporary files that a process left behind when it was killed are removed at this age. */
const abandonedMs = 600_000;

const format = 'graylane-cache 1';

/**
 * The last definitions of one source on disk. The file is replaced atomically, names its source,
 * and ends with a digest: a file of another source, or one that is damaged, is not used.
 */
export class CacheFile {
  readonly #file: string;
  readonly #sourceId: string;
  readonly #warn: (message: string) => void;
  #wanted: (() => FlagsToCache) | undefined;
  #saving: Promise<void> | undefined;
  #hurry = new AbortController();

  /**
   * `sourceId` identifies the source; `warn` receives the reasons why the file can't be used or
   * written.
   */
  constructor(file: string, sourceId: string, warn: (message: string) => void = () => {}) {
    this.#file = file;
    this.#sourceId = sourceId;
    this.#warn = warn;
  }

  /** Returns what was saved last, if the file exists, is whole and belongs to this source. */
  load(): CachedFlags | undefined {
    let text: string;
    try {
      text = readRegularFile(this.#file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#warn(`cacheFile ${this.#file} can't be read: ${(error as Error).message}`);
      }
      return undefined;
    }
    const [head = '', body = '', digest] = text.split('\n');
    if (digest !== digestOf(`${head}\n${body}\n`)) {
      this.#warn(`cacheFile ${this.#file} is damaged, or not a cache file, and is not used`);
      return undefined;
    }
    const { source, revision } = JSON.parse(head) as Head;
    if (source !== this.#sourceId) {
      this.#warn(
        `cacheFile ${this.#file} holds the flags of ${source}, not of ${this.#sourceId}, and is not used: ` +
          'give each source and environment a file of its own',
      );
      return undefined;
    }
    return { revision, document: JSON.parse(body) as unknown };
  }

  /**
   * Saves in the background; of several changes in a second, the first and the last. `read` is
   * called when the file is written. A disk that refuses costs the cache, never a request.
   */
  save(read: () => FlagsToCache): void {
    this.#wanted = read;
    this.#saving ??= this.#saveAll().finally(() => (this.#saving = undefined));
  }

  /** Resolves when everything is on disk, without waiting for the interval. */
  async settled(): Promise<void> {
    this.#hurry.abort();
    await this.#saving;
    this.#hurry = new AbortController();
  }

  async #saveAll(): Promise<void> {
    while (this.#wanted) {
      const flags = this.#wanted();
      this.#wanted = undefined;
      try {
        await this.#replace(flags);
      } catch (error) {
        // The disk is full or read-only, or the flags nest too deep: the cache stays as it was.
        this.#warn(`cacheFile ${this.#file} can't be written: ${(error as Error).message}`);
      }
      const { signal } = this.#hurry;
      await pause(minIntervalMs, undefined, { signal, ref: false }).catch(() => {
        // The provider is closing.
      });
    }
  }

  /**
   * The name is random and must be new, so that neither a planted symbolic link nor another
   * container, where the process has the same id, can redirect the write.
   */
  async #replace(flags: FlagsToCache): Promise<void> {
    await this.#removeAbandoned();
    const temporary = `${this.#file}.${randomBytes(8).toString('hex')}.tmp`;
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    // Windows has no O_NOFOLLOW, and no O_NONBLOCK: undefined counts as 0.
    const handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      const head: Head = { format, source: this.#sourceId, revision: flags.revision };
      await write(handle, head, flags);
      await handle.sync();
      await handle.close();
      await rename(temporary, this.#file);
    } catch (error) {
      await handle.close().catch(() => {});
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async #removeAbandoned(): Promise<void> {
    const folder = dirname(this.#file);
    const prefix = `${basename(this.#file)}.`;
    for (const name of await readdir(folder)) {
      if (!name.startsWith(prefix) || !/^[0-9a-f]{16}\.tmp$/.test(name.slice(prefix.length))) continue;
      const path = join(folder, name);
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > abandonedMs) await rm(path, { force: true });
    }
  }
}

interface Head {
  readonly format: typeof format;
  readonly source: string;
  readonly revision: string;
}

/** A pipe in the file's place must not block the start. */
function readRegularFile(file: string): string {
  const { O_RDONLY, O_NONBLOCK } = constants;
  const descriptor = openSync(file, O_RDONLY | O_NONBLOCK);
  try {
    if (!fstatSync(descriptor).isFile()) throw new Error('it is not a regular file');
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** Writes three lines: the head, the document and the digest of both. */
async function write(handle: FileHandle, head: Head, flags: FlagsToCache): Promise<void> {
  const hash = createHash('sha256');
  let batch = `${JSON.stringify(head)}\n`;
  const flush = async (): Promise<void> => {
    hash.update(batch);
    await handle.writeFile(batch);
    batch = '';
  };
  for (const piece of serialize(flags)) {
    batch += piece;
    if (batch.length >= batchLength) await flush();
  }
  batch += '\n';
  await flush();
  await handle.writeFile(hash.digest('base64'));
}

/** Yields the document's JSON flag by flag. */
function* serialize({ flags, rest }: FlagsToCache): Generator<string> {
  yield '{"flags":{';
  let separator = '';
  for (const key of flags.keys()) {
    yield `${separator}${JSON.stringify(key)}:${JSON.stringify(flags.get(key)?.definition) ?? null}`;
    separator = ',';
  }
  yield '}';
  for (const [name, member] of Object.entries(rest)) {
    const value = JSON.stringify(member) as string | undefined;
    if (name !== 'flags' && value !== undefined) yield `,${JSON.stringify(name)}:${value}`;
  }
  yield '}';
}

function digestOf(content: string): string {
  return createHash('sha256').update(content).digest('base64');
}
