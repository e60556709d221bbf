const steps = 10;

/**
 * Calls back after so many milliseconds in which the event loop ran. While it stands still, a
 * response that has already arrived can't be read, so a timer that fires late counts as one tenth
 * of the time. Returns a function that cancels.
 */
export function startDeadline(ms: number, onExpire: () => void): () => void {
  const stepMs = Math.ceil(ms / steps);
  let left = steps;
  let timer: NodeJS.Timeout;
  const step = (): void => {
    if (left === 0) return onExpire();
    left -= 1;
    timer = setTimeout(step, stepMs);
  };
  step();
  return () => clearTimeout(timer);
}
