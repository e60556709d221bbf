import { TimeSlices } from './time-slices.ts';

/** The number of steps between two looks at the clock. */
const stepsPerLook = 16;

/**
 * The number of long tasks that are under way at once. Each holds a partial result, so thousands of
 * them would fill the heap.
 */
const places = 8;

/** The number of steps that a task may take without a place, so that short ones never wait. */
const freeSteps = 64;

let freePlaces = places;
const queue: Array<() => void> = [];

/**
 * Calls `step` for each item, and lets other requests run after every few milliseconds. Of the long
 * tasks, few are under way, and the others wait.
 * @param isOver whether to stop, because the result will not be used; called once per slice.
 */
export async function forEachInSlices<T>(
  items: Iterable<T>,
  step: (item: T) => void,
  isOver: () => boolean = () => false,
): Promise<void> {
  const slices = new TimeSlices();
  let steps = 0;
  let hasPlace = false;
  try {
    for (const item of items) {
      const needsPlace = steps === freeSteps;
      const waits = needsPlace && freePlaces === 0;
      if (needsPlace) {
        if (waits) await new Promise<void>((resolve) => queue.push(resolve));
        else freePlaces -= 1;
        hasPlace = true;
      }
      if (waits || (steps % stepsPerLook === 0 && slices.over)) {
        await slices.next();
        if (isOver()) return;
      }
      step(item);
      steps += 1;
    }
  } finally {
    if (hasPlace) leavePlace();
  }
}

/** Passes a place on to the task that has waited longest. */
function leavePlace(): void {
  const next = queue.shift();
  if (next === undefined) freePlaces += 1;
  else next();
}
