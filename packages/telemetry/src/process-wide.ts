const holder = globalThis as unknown as Record<symbol, unknown>;

/**
 * A value that all copies of this package in the process share. The ESM and the CommonJS build are
 * two copies, and a service that loads both must still have one registry, one request log and one
 * management port.
 */
export function processWide<T>(name: string, create: () => T): T {
  const key = Symbol.for(`graylane.telemetry.${name}`);
  return (holder[key] ??= create()) as T;
}

/** A use of something that the process has once. `release` ends the use; the last one closes it. */
export interface SharedUse<T> {
  readonly value: T;
  readonly release: () => void;
}

/** Makes something at its first use, and closes it after its last one. */
export function share<T>(name: string, create: () => T, close: (value: T) => void): SharedUse<T> {
  const state = processWide<{ value: T | undefined; uses: number }>(name, () => ({
    value: undefined,
    uses: 0,
  }));
  const value = (state.value ??= create());
  state.uses++;
  let isReleased = false;
  return {
    value,
    release: () => {
      if (isReleased) return;
      isReleased = true;
      if (--state.uses > 0) return;
      state.value = undefined;
      close(value);
    },
  };
}
