import { text, type Reply } from './reply.ts';

/**
 * Lets one recording run at a time. V8 has one heap sampler, a profile and a snapshot disturb each
 * other's numbers, and many at once would be a load of their own.
 */
export class OneAtATime {
  #running: string | undefined;

  /** Runs the work, or returns the refusal if another one runs. */
  async run(name: string, work: () => Promise<void>): Promise<Reply | undefined> {
    if (this.#running !== undefined) {
      return text(`${this.#running} is still being recorded: try again when it is done`, 429, {
        'retry-after': '5',
      });
    }
    this.#running = name;
    try {
      await work();
    } finally {
      this.#running = undefined;
    }
    return undefined;
  }
}
