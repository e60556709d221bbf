import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { FlagSink, FlagSource } from './flag-source.ts';
import { watchFile } from './watch-file.ts';

/**
 * Follows a flags file. An edit is in force within a moment; a broken one leaves the last good
 * flags.
 */
export class FileSource implements FlagSource {
  readonly id: string;
  readonly #file: string;
  #unwatch = (): void => {};
  #closed = false;

  constructor(file: string) {
    this.#file = file;
    this.id = resolve(file);
  }

  start(sink: FlagSink): void {
    this.#closed = false;
    const changed = (text: string): void => {
      let document: unknown;
      try {
        // Editors on Windows begin a file with a byte-order mark.
        document = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
      } catch (error) {
        sink.stale(`${this.#file} is not JSON: ${(error as Error).message}`);
        return;
      }
      if (sink.update(document, revisionOf(text))) sink.live();
    };
    const unreadable = ({ message }: Error): void => {
      // Node repeats the file's name after the comma.
      sink.stale(`${this.#file} can't be read: ${message.split(',', 1)[0]}`);
    };
    const watch = (known: string): void => {
      if (!this.#closed) this.#unwatch = watchFile(this.#file, known, { changed, unreadable });
    };
    readFile(this.#file, 'utf8').then(
      (text) => {
        changed(text);
        watch(text);
      },
      (error: Error) => {
        unreadable(error);
        watch('');
      },
    );
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
  }
}

/** The same in every process that reads the same content, because pins carry it between them. */
function revisionOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}
