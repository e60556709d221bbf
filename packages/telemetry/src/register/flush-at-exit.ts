const longestMs = 3000;

/**
 * Exports what is left when the process ends by itself or by SIGTERM. The signal keeps its effect:
 * it ends the process unless the application handles it. Returns a function that does it earlier.
 */
export function flushAtExit(flush: () => Promise<void>): () => Promise<void> {
  let flushed: Promise<void> | undefined;
  const once = async (): Promise<void> => {
    flushed ??= Promise.race([flush(), expiry()]).catch(() => {
      // The backend is out of reach; the process ends all the same.
    });
    await flushed;
  };
  process.once('beforeExit', () => void once());
  process.once('SIGTERM', () => {
    const isHandled = process.listenerCount('SIGTERM') > 0;
    void once().then(() => {
      if (!isHandled) process.kill(process.pid, 'SIGTERM');
    });
  });
  return once;
}

async function expiry(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, longestMs).unref();
  });
}
