/**
 * Stands for `node:async_hooks` where there is no Node: the runtime's own AsyncLocalStorage, which
 * edge runtimes have and browsers lack.
 */
interface Storage<T> {
  getStore(): T | undefined;
  run<R>(store: T, fn: (...args: never[]) => R, ...args: unknown[]): R;
  disable(): void;
}

const own = (globalThis as { AsyncLocalStorage?: new () => Storage<unknown> }).AsyncLocalStorage;

class NoStorage {
  getStore(): undefined {
    return undefined;
  }

  run(): never {
    throw new Error(
      'This runtime has no AsyncLocalStorage, so a request cannot be followed through asynchronous code. ' +
        'Register an OpenTelemetry context manager, e.g. ZoneContextManager in a browser.',
    );
  }

  disable(): void {}
}

export const AsyncLocalStorage: new () => Storage<unknown> = own ?? NoStorage;
