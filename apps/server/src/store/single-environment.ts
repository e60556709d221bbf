import { defaultEnvironment, type Environments } from './environments.ts';
import type { FlagStore } from './flag-store.ts';

/** One store as the environment `default`, the only one: what `--flags FILE` serves. */
export function singleEnvironment(store: FlagStore): Environments {
  return {
    names: [defaultEnvironment],
    get: (name) => (name === defaultEnvironment ? store : undefined),
    onCreate: (listener) => {
      listener(defaultEnvironment, store);
      return () => {};
    },
    onRemove: () => () => {},
    close: () => store.close(),
  };
}
