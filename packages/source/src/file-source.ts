import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FlagSink, FlagSource } from './flag-source.ts';
import { watchFile } from './watch-file.ts';

/** A flags file, watched: an edit is in force in a moment, a broken one leaves the last good rules. */
export class FileSource implements FlagSource {
  readonly #file: string;
  #unwatch = (): void => {};
  #closed = false;

  constructor(file: string) {
    this.#file = file;
  }

  start(sink: FlagSink): void {
    const take = (text: string): void => {
      let document: unknown;
      try {
        document = JSON.parse(text);
      } catch (error) {
        sink.stale(`${this.#file} is not JSON: ${(error as Error).message}`);
        return;
      }
      if (sink.update(document, revisionOf(text))) sink.live();
    };
    const unreadable = ({ message }: Error): void => {
      // After the comma it names the file once more.
      sink.stale(`${this.#file} can't be read: ${message.split(',', 1)[0]}`);
    };
    const watch = (known: string): void => {
      if (!this.#closed) this.#unwatch = watchFile(this.#file, known, { changed: take, unreadable });
    };
    readFile(this.#file, 'utf8').then(
      (text) => {
        take(text);
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

/** The same in every process that reads the same text: pins carry it from one to the other. */
function revisionOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}
