import { RequestError } from '../model/request-error.ts';
import { defaultEnvironment, type Environments } from './environments.ts';
import type { FlagStore } from './flag-store.ts';
import { soleLeadership } from './leadership.ts';

/** One store as the environment `default`, the only one: what `--flags FILE` serves. */
export function singleEnvironment(store: FlagStore): Environments {
  return {
    names: [defaultEnvironment],
    leadership: soleLeadership,
    get: (name) => (name === defaultEnvironment ? store : undefined),
    onCreate: (listener) => {
      listener(defaultEnvironment, store);
      return () => {};
    },
    onRemove: () => () => {},
    create: refuse,
    remove: refuse,
    close: () => store.close(),
  };
}

function refuse(): Promise<never> {
  const message = 'this server serves one flags file: start it with --data DIR to have several environments';
  return Promise.reject(new RequestError('read_only', message));
}
