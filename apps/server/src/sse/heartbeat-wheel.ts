const tickMs = 100;

/** How often an empty wheel is noticed, in ticks. */
const ticksPerLook = 100;

/**
 * Calls back for each member once in its period. One timer serves all members, a tenth of a
 * second's share at a time, so that no tick takes long. It stands while there are no members.
 */
export class HeartbeatWheel<T> {
  readonly #beat: (member: T) => void;
  readonly #wheels = new Map<number, Array<Set<T>>>();
  #timer: NodeJS.Timeout | undefined;
  #tick = 0;
  #added = 0;

  constructor(beat: (member: T) => void) {
    this.#beat = beat;
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
    this.#timer ??= setInterval(() => this.#turn(), tickMs).unref();
    this.#added += 1;
    const slot = wheel[this.#added % size] ?? new Set();
    return slot.add(member);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  get #isEmpty(): boolean {
    return [...this.#wheels.values()].flat().every(({ size }) => size === 0);
  }

  #turn(): void {
    this.#tick += 1;
    if (this.#tick % ticksPerLook === 0 && this.#isEmpty) this.close();
    for (const [size, wheel] of this.#wheels) {
      for (const member of wheel[this.#tick % size] ?? []) this.#beat(member);
    }
  }
}
