import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for some seconds, without keeping the process alive. @throws when the signal is aborted.
 */
export async function wait(seconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(seconds * 1000, undefined, { ref: false, ...(signal && { signal }) });
}
