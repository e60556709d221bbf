import type { FlagUse, UsageRow } from './flag-use.ts';

/** The rows of one batch: to write more of them would hold up the event loop. */
const maxRows = 1000;

/**
 * The flags whose counts are kept, though they were not evaluated since the last report: the server
 * has not received them.
 */
const maxFlags = 20_000;

/** A part of the counts, as it is sent. */
export interface Batch {
  readonly rows: readonly UsageRow[];
  /** Whether rows were left over. */
  readonly isPart: boolean;
  /** Call it when the server has the rows; without it, the next batch has them again. */
  received(): void;
}

/** The counts of all flags that were evaluated since they were last reported. */
export class UsageCounter {
  readonly #uses = new Set<FlagUse>();

  /** Counts a flag from now on. */
  readonly add = (use: FlagUse): void => {
    this.#uses.add(use);
    if (this.#uses.size <= maxFlags) return;
    // The server has been out of reach for long, and many flags have changed meanwhile.
    const [oldest] = this.#uses;
    oldest?.rest();
    if (oldest !== undefined) this.#uses.delete(oldest);
  };

  /** The rows that the server has not received. A flag without any is released. */
  batch(): Batch {
    const found: Array<{ readonly row: UsageRow; readonly received: () => void }> = [];
    let isPart = false;
    for (const use of this.#uses) {
      if (found.length >= maxRows) {
        isPart = true;
        break;
      }
      const before = found.length;
      for (const one of use.rows()) found.push(one);
      if (found.length > before) continue;
      use.rest();
      this.#uses.delete(use);
    }
    return {
      rows: found.map(({ row }) => row),
      isPart,
      received: () => {
        for (const { received } of found) received();
      },
    };
  }
}
