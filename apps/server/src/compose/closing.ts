/** The open parts, to be closed in the reverse order. */
export class Closing {
  readonly #closes: Array<() => unknown> = [];

  /** Adds what has been opened; returns it. */
  add<Part extends { close(): unknown } | undefined>(part: Part): Part {
    if (part !== undefined) this.#closes.push(() => part.close());
    return part;
  }

  /** Adds a function that ends something. */
  addEnd(end: () => unknown): void {
    this.#closes.push(end);
  }

  /**
   * Closes all, one after another. A part that fails to close leaves none of the others open.
   * @throws {Error} the first failure, once all were closed.
   */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closes.splice(0).toReversed()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
