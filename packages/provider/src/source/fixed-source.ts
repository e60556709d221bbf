import type { FlagSink, FlagSource } from './flag-source.ts';

/** Flags that are given once and stay. */
export class FixedSource implements FlagSource {
  readonly #document: unknown;

  constructor(document: unknown) {
    this.#document = document;
  }

  start(sink: FlagSink): void {
    if (sink.update(this.#document, 'fixed')) sink.live();
  }

  close(): void {
    // There is nothing to let go of.
  }
}
