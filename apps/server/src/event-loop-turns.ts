/** Work whose slice is over, in the order of its turns. */
const waiting: Array<() => void> = [];

/**
 * Resolves when this work may continue: after I/O, and after the work that waits already. One
 * continues per turn of the event loop, so that much long work does not add up.
 */
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
