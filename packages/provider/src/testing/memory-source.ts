import type { FlagSink, FlagSource } from '@graylane/source';

/** Flags that a test changes; each change is a revision: `1`, `2` and so on. */
export class MemorySource implements FlagSource {
  #document: object;
  #revision = 1;
  #sink: FlagSink | undefined;

  constructor(document: object) {
    this.#document = document;
  }

  start(sink: FlagSink): void {
    this.#sink = sink;
    this.#deliver();
  }

  update(document: object): void {
    this.#document = document;
    this.#revision += 1;
    this.#deliver();
  }

  close(): void {
    this.#sink = undefined;
  }

  #deliver(): void {
    if (this.#sink?.update(this.#document, String(this.#revision))) this.#sink.live();
  }
}
