import { compileFlags } from '@graylane/flags';
import type { FlagSink, FlagSource } from './flag-source.ts';

/** Flags that are given once and stay. */
export class FixedSource implements FlagSource {
  readonly #document: unknown;

  /** @throws {TypeError} where that is no flag document: waiting would not make it one. */
  constructor(document: unknown) {
    try {
      compileFlags(document);
    } catch (error) {
      throw new TypeError(
        `source.flags can't be read: ${(error as Error).message}. flags is a whole flagd document: { flags: { … } }`,
        { cause: error },
      );
    }
    this.#document = document;
  }

  start(sink: FlagSink): void {
    if (sink.update(this.#document, 'fixed')) sink.live();
  }

  close(): void {
    // There is nothing to let go of.
  }
}
