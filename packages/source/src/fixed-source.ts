import { compileFlags } from '@graylane/flags';
import type { FlagSink, FlagSource } from './flag-source.ts';

/** Delivers one document, once. */
export class FixedSource implements FlagSource {
  readonly #document: unknown;

  /** @throws {TypeError} if the value is not a flagd document. */
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
    // There is nothing to release.
  }
}
