/** The messages that handlers have seen so far, and a way to wait for more. */
export interface Inbox<T> {
  readonly all: readonly T[];
  put(item: T): void;
  /** The first `count` items, as soon as there are as many. */
  take(count: number): Promise<T[]>;
  /** Everything, as soon as an item fits. */
  until(fits: (item: T) => boolean): Promise<T[]>;
}

export function inbox<T>(): Inbox<T> {
  const all: T[] = [];
  const waiting = new Set<() => void>();
  const when = (ready: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!ready()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return {
    all,
    put: (item) => {
      all.push(item);
      for (const look of waiting) look();
    },
    take: async (count) => {
      await when(() => all.length >= count);
      return all.slice(0, count);
    },
    until: async (fits) => {
      await when(() => all.some(fits));
      return [...all];
    },
  };
}
