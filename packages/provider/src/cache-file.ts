import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';

/** Rules, and which. */
export interface CachedFlags {
  readonly document: unknown;
  readonly revision: string;
}

/**
 * The last rules of a flag server on disk: a digest on the first line, the rules on the second. Replaced at once, so that whoever reads it finds
 * one state or the other; what does not match its digest is not believed.
 */
export class CacheFile {
  readonly #file: string;
  #wanted: CachedFlags | undefined;
  #saving: Promise<void> | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** What was saved last, if it is there and whole. */
  load(): CachedFlags | undefined {
    try {
      const [digest, content = ''] = readFileSync(this.#file, 'utf8').split('\n');
      return digest === digestOf(content) ? (JSON.parse(content) as CachedFlags) : undefined;
    } catch {
      // No file, or not one that can be read: there is nothing cached.
      return undefined;
    }
  }

  /** Saves in the background; of several at once, the last. A disk that refuses costs the cache, never a request. */
  save(flags: CachedFlags): void {
    this.#wanted = flags;
    this.#saving ??= this.#saveAll().finally(() => (this.#saving = undefined));
  }

  /** Resolves when everything is on disk. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async #saveAll(): Promise<void> {
    while (this.#wanted) {
      const flags = this.#wanted;
      this.#wanted = undefined;
      try {
        const content = JSON.stringify(flags);
        await this.#replace(`${digestOf(content)}\n${content}`);
      } catch {
        // A disk that is full or read-only, or rules nested too deep to write: the cache stays as it was.
      }
    }
  }

  async #replace(text: string): Promise<void> {
    const temporary = `${this.#file}.${process.pid}.tmp`;
    try {
      const handle = await open(temporary, 'w', 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, this.#file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}

function digestOf(content: string): string {
  return createHash('sha256').update(content).digest('base64');
}
