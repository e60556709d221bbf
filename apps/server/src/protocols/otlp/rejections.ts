/** The number of metrics or services that a message names. */
const maxNamed = 3;

/** The parts of an export that are not accepted, for its `partial_success`. */
export class Rejections {
  #count = 0;
  readonly #reasons = new Set<string>();

  get count(): number {
    return this.#count;
  }

  /** The first reasons, e.g. `latency: a bucket count is missing; …`. */
  get message(): string {
    return [...this.#reasons].join('; ');
  }

  /** Counts rejected parts; `name` is that of their metric or span. */
  add(name: string, reason: string, count = 1): void {
    this.#count += count;
    if (count > 0 && this.#reasons.size < maxNamed) this.#reasons.add(`${name.slice(0, 100)}: ${reason}`);
  }
}
