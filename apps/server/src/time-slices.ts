import { nextTurn } from './event-loop-turns.ts';

/**
 * How long work for a request, and work in the background, may keep the event loop, in
 * milliseconds.
 */
const [sliceMs, backgroundSliceMs] = [5, 1];

/**
 * Splits long work into slices of a few milliseconds, so that the event loop serves requests and
 * heartbeats in between: `if (slices.over) await slices.next()` after each step.
 */
export class TimeSlices {
  readonly #ms: number;
  #end: number;

  constructor(priority: 'request' | 'background' = 'request') {
    this.#ms = priority === 'request' ? sliceMs : backgroundSliceMs;
    this.#end = performance.now() + this.#ms;
  }

  /** Whether the current slice is used up. */
  get over(): boolean {
    return performance.now() >= this.#end;
  }

  /** Lets the event loop turn, and other long work have its slice, then begins the next slice. */
  async next(): Promise<void> {
    await nextTurn();
    this.#end = performance.now() + this.#ms;
  }

  /** Runs steps to their end, slice by slice, and returns their result. */
  async run<T>(steps: Iterator<unknown, T, undefined>): Promise<T> {
    let step = steps.next();
    while (step.done !== true) {
      // oxlint-disable-next-line no-await-in-loop -- The slices follow each other.
      if (this.over) await this.next();
      step = steps.next();
    }
    return step.value;
  }
}
