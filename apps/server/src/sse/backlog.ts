import type { Frame } from './frame.ts';

/** What slow clients may keep in memory, all together. */
const maxHeldBytes = 16_777_216;

/** Somebody who can be cut off. */
export interface Holder {
  cutOff(): void;
}

/**
 * What slow clients have been sent and not taken yet. A frame that many of them hold is there once; those that hold different ones, each
 * from another time, are bounded: beyond 16 MiB those who hold the oldest are cut off. One frame alone may be as large as it is.
 */
export class Backlog {
  /** Oldest first. */
  readonly #holders = new Map<Frame, Set<Holder>>();
  #bytes = 0;

  hold(frame: Frame, holder: Holder): void {
    const holders = this.#holders.get(frame);
    if (holders !== undefined) {
      holders.add(holder);
      return;
    }
    this.#holders.set(frame, new Set([holder]));
    this.#bytes += frame.chunk.length;
    for (const [oldest, slow] of this.#holders) {
      if (this.#bytes <= maxHeldBytes || oldest === frame) break;
      this.#drop(oldest);
      for (const one of slow) one.cutOff();
    }
  }

  release(frame: Frame, holder: Holder): void {
    const holders = this.#holders.get(frame);
    if (holders?.delete(holder) && holders.size === 0) this.#drop(frame);
  }

  #drop(frame: Frame): void {
    this.#holders.delete(frame);
    this.#bytes -= frame.chunk.length;
  }
}
