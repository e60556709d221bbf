/**
 * A signal to one waiting task. It may come before the task waits; several signals count as one.
 */
export class Notifier {
  #notified = false;
  #wake: (() => void) | undefined;

  notify(): void {
    this.#notified = true;
    this.#wake?.();
  }

  /** Resolves at the next signal, or at once if one came since the last time. */
  async wait(): Promise<void> {
    if (!this.#notified) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#notified = false;
    this.#wake = undefined;
  }
}
