/** The last `capacity` values; an older one gives way to each new one. */
export class Ring<T> {
  readonly #capacity: number;
  #values: T[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(value: T): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** From the oldest to the newest. */
  toArray(): T[] {
    if (this.#values.length < this.#capacity) return [...this.#values];
    return [...this.#values.slice(this.#next), ...this.#values.slice(0, this.#next)];
  }
}
