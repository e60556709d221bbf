import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../log.ts';
import { documentText, lengthOf } from '../model/document-text.ts';
import type { Snapshot } from '../model/document.ts';
import { readIfThere, StagedFile } from '../store/disk/staged-file.ts';

/** Between the beginnings of two writes, in milliseconds. */
const minIntervalMs = 1000;

const format = 'graylane-relay 1';

/**
 * The last rules of one environment on disk, for a start without the upstream server. The file is
 * replaced atomically, names its server, and ends with a digest.
 */
export class RulesCache {
  readonly #path: string;
  readonly #source: string;
  readonly #log: Log;
  #wanted: Snapshot | undefined;
  #saving: Promise<void> | undefined;
  readonly #closing = new AbortController();

  /** `source` identifies the server and the environment that the rules come from. */
  constructor(path: string, source: string, log: Log) {
    this.#path = path;
    this.#source = source;
    this.#log = log;
  }

  /** The rules that were kept last; undefined if there are none, or they can't be used. */
  async load(): Promise<{ readonly document: object; readonly revision: string } | undefined> {
    const bytes = await readIfThere(this.#path).catch((error: unknown) => {
      this.#log.warn(`${this.#path} can't be read: ${String(error)}`);
      return undefined;
    });
    if (bytes === undefined) return undefined;
    const [head = '', body = '', digest = ''] = bytes.toString('utf8').split('\n');
    if (digest.trim() !== digestOf([Buffer.from(`${head}\n${body}\n`)])) {
      this.#log.warn(`${this.#path} is damaged, or not a cache of a relay, and is not used`);
      return undefined;
    }
    const { source, revision } = JSON.parse(head) as { source: string; revision: string };
    if (source !== this.#source) {
      this.#log.warn(`${this.#path} has the rules of ${source}, not of ${this.#source}, and is not used`);
      return undefined;
    }
    return { document: JSON.parse(body) as object, revision };
  }

  /** Keeps a snapshot in the background; of several in a second, the first and the last. */
  save(snapshot: Snapshot): void {
    this.#wanted = snapshot;
    this.#saving ??= this.#saveAll().finally(() => (this.#saving = undefined));
  }

  /** Resolves when everything is on disk, or could not be written. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#saving;
  }

  async #saveAll(): Promise<void> {
    while (this.#wanted !== undefined) {
      const snapshot = this.#wanted;
      this.#wanted = undefined;
      try {
        await this.#write(snapshot);
      } catch (error) {
        this.#log.warn(
          `${this.#path} can't be written, so a start without the upstream server may fail: ${String(error)}`,
        );
      }
      const { signal } = this.#closing;
      await pause(minIntervalMs, undefined, { signal, ref: false }).catch(() => {
        // The server is closing.
      });
    }
  }

  async #write(snapshot: Snapshot): Promise<void> {
    const head = JSON.stringify({ format, source: this.#source, revision: snapshot.revision });
    const pieces = [Buffer.from(`${head}\n`), ...(await documentText(snapshot)), Buffer.from('\n')];
    const file = new StagedFile(this.#path);
    await file.stage([...pieces, Buffer.from(digestOf(pieces))]);
    await file.apply();
  }
}

function digestOf(pieces: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return `${lengthOf(pieces)} ${hash.digest('base64')}`;
}
