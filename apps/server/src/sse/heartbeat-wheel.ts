const tickMs = 100;

/**
 * Calls back for each member once in its period. One timer serves all members, a tenth of a
 * second's share at a time, so that no tick takes long.
 */
export class HeartbeatWheel<T> {
  readonly #beat: (member: T) => void;
  readonly #wheels = new Map<number, Array<Set<T>>>();
  readonly #timer: NodeJS.Timeout;
  #tick = 0;
  #added = 0;

  constructor(beat: (member: T) => void) {
    this.#beat = beat;
    this.#timer = setInterval(() => this.#turn(), tickMs);
    this.#timer.unref();
  }

  /**
   * Adds a member, whose first call comes within its period. Returns the set from which to delete
   * it.
   */
  add(member: T, periodS: number): Set<T> {
    const size = Math.max(1, Math.round((periodS * 1000) / tickMs));
    let wheel = this.#wheels.get(size);
    if (wheel === undefined) {
      wheel = Array.from({ length: size }, () => new Set<T>());
      this.#wheels.set(size, wheel);
    }
    this.#added += 1;
    const slot = wheel[this.#added % size] ?? new Set();
    return slot.add(member);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #turn(): void {
    this.#tick += 1;
    for (const [size, wheel] of this.#wheels) {
      for (const member of wheel[this.#tick % size] ?? []) this.#beat(member);
    }
  }
}
