import { setImmediate } from 'node:timers';

/** How long a slice may keep the event loop, in milliseconds. */
const sliceMs = 5;

/**
 * Runs steps to their end, and lets other code run after every few milliseconds. Returns the result
 * itself if the first slice suffices, so that short work is done at once.
 */
export function runInSlices<T>(steps: Iterator<unknown, T, undefined>): T | Promise<T> {
  const first = runSlice(steps);
  return first.done === true ? first.value : runOthers(steps);
}

async function runOthers<T>(steps: Iterator<unknown, T, undefined>): Promise<T> {
  for (;;) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
    const step = runSlice(steps);
    if (step.done === true) return step.value;
  }
}

function runSlice<T>(steps: Iterator<unknown, T, undefined>): IteratorResult<unknown, T> {
  const end = performance.now() + sliceMs;
  let step = steps.next();
  while (step.done !== true && performance.now() < end) step = steps.next();
  return step;
}
