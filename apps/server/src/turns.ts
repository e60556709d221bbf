/** Runs tasks one after another, in the order in which they come. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs a task after those before it, whether they fail or not. Rejects as the task does. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#last.then(task);
    this.#last = done.catch(() => {
      // The caller gets the error; the next task is not affected.
    });
    return done;
  }
}
