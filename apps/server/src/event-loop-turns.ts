/** The time that one task may take before others run, in milliseconds. */
const sliceMs = 5;

/** The number of steps between two looks at the clock. */
const stepsPerLook = 16;

/** Tasks whose slice is over, in the order of their turns. */
const waiting: Array<() => void> = [];

/**
 * Calls `step` for each item, and lets other requests run after every few milliseconds. Only one of
 * the running tasks continues per turn of the event loop, so that many of them don't add up.
 * @param isOver whether to stop, because the result will not be used; called once per slice.
 */
export async function forEachInSlices<T>(
  items: Iterable<T>,
  step: (item: T) => void,
  isOver: () => boolean = () => false,
): Promise<void> {
  let sliceStart = performance.now();
  let steps = 0;
  for (const item of items) {
    step(item);
    steps += 1;
    if (steps % stepsPerLook !== 0 || performance.now() - sliceStart < sliceMs) continue;
    await nextTurn();
    if (isOver()) return;
    sliceStart = performance.now();
  }
}

/** Resolves when this task may continue: after I/O, and after the tasks that wait already. */
export async function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(runNext);
  });
}

function runNext(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(runNext);
}
