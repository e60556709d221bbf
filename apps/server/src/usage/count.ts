/** How often something happened, and when it did last. */
export interface Count {
  readonly count: number;
  /** In milliseconds since 1970. */
  readonly last: number;
}

/** The minutes of which counts are kept one by one. */
const minutes = 5;

/** A count that also knows its last minutes. These last as long as the process. */
export class LiveCount {
  #count = 0;
  #last = 0;
  readonly #recent: Array<{ minute: number; count: number }> = [];

  get count(): number {
    return this.#count;
  }

  /** In milliseconds since 1970; 0 if it has never happened. */
  get last(): number {
    return this.#last;
  }

  add(count: number, at: number): void {
    this.#count += count;
    this.#last = Math.max(this.#last, at);
    const minute = Math.floor(at / 60_000);
    const newest = this.#recent.at(-1);
    if (newest?.minute === minute) newest.count += count;
    else this.#recent.push({ minute, count });
    if (this.#recent.length > minutes + 1) this.#recent.shift();
  }

  /** How often it happened in the last five minutes, to the minute. */
  recent(now: number): number {
    const oldest = Math.floor(now / 60_000) - minutes;
    return this.#recent.reduce((total, { minute, count }) => total + (minute > oldest ? count : 0), 0);
  }

  /** Adds to the count, and leaves the last minutes as they are. */
  addStored(count: number, last: number): void {
    this.#count += count;
    this.#last = Math.max(this.#last, last);
  }

  /** Takes over a count that was stored, perhaps with what other servers have counted. */
  replace({ count, last }: Count): void {
    this.#count = count;
    this.#last = last;
  }
}
