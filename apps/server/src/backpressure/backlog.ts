/** The bytes that slow clients may keep in memory, all together. */
const maxHeldBytes = 16_777_216;

/** A client that can be disconnected. */
export interface Holder {
  cutOff(): void;
}

/**
 * The bytes that were sent to slow clients and are still in memory. Bytes that many clients hold
 * exist once. Beyond 16 MiB of different bytes, the clients that hold the oldest are cut off; a
 * single chunk may be larger than that.
 */
export class Backlog {
  /** Oldest first. */
  readonly #holders = new Map<Uint8Array, Set<Holder>>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  hold(chunk: Uint8Array, holder: Holder): void {
    const holders = this.#holders.get(chunk);
    if (holders !== undefined) {
      holders.add(holder);
      return;
    }
    this.#holders.set(chunk, new Set([holder]));
    this.#bytes += chunk.byteLength;
    for (const [oldest, slow] of this.#holders) {
      if (this.#bytes <= maxHeldBytes || oldest === chunk) break;
      this.#drop(oldest);
      for (const one of slow) one.cutOff();
    }
  }

  release(chunk: Uint8Array, holder: Holder): void {
    const holders = this.#holders.get(chunk);
    if (holders?.delete(holder) && holders.size === 0) this.#drop(chunk);
  }

  #drop(chunk: Uint8Array): void {
    this.#holders.delete(chunk);
    this.#bytes -= chunk.byteLength;
  }
}
