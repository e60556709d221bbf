/** How long a process that was busy gets to read the bytes that arrived meanwhile. */
const graceMs = 50;

/** Calls back once if it was not reset for a while. */
export class Watchdog {
  readonly #ms: number;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, onSilence: () => void) {
    this.#ms = ms;
    this.#onSilence = onSilence;
    this.reset();
  }

  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(this.#onSilence, graceMs);
    }, this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
