/**
 * A listener whose modules load when the first request arrives: a server that is never used for a
 * protocol does not pay for it. Requests that arrive meanwhile wait, in their order. If the modules
 * can't be loaded, `fail` responds, and the next request tries again.
 */
export function lazyListener<Args extends readonly unknown[]>(
  load: () => Promise<(...args: Args) => void>,
  fail: (error: unknown, ...args: Args) => void,
): (...args: Args) => void {
  let listener: ((...args: Args) => void) | undefined;
  let loading: Promise<(...args: Args) => void> | undefined;
  return (...args) => {
    if (listener !== undefined) {
      listener(...args);
      return;
    }
    loading ??= load();
    loading.then(
      (loaded) => {
        listener = loaded;
        loaded(...args);
      },
      (error: unknown) => {
        loading = undefined;
        fail(error, ...args);
      },
    );
  };
}
