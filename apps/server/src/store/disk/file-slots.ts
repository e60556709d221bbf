/**
 * Bounds how many files a data folder has open at once, however many environments it has; other
 * work waits. The descriptors that `Descriptors` reserves beside the connections cover these files.
 */
export class FileSlots {
  readonly #waiting: Array<() => void> = [];
  #free: number;

  constructor(slots: number = 16) {
    this.#free = slots;
  }

  /** Runs work that opens a file, and closes it before it ends. Must not be nested. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
