import {
  StoreError,
  type Authorship,
  type FlagDocument,
  type FlagStore,
  type Snapshot,
} from './flag-store.ts';

/** The environment that exists from the start, and that a caller means who names none. */
export const defaultEnvironment = 'default';

/** The environments of one server: each has flags, revisions and a history of its own. */
export interface Environments {
  /** In alphabetical order; `default` is always among them. */
  readonly names: readonly string[];
  get(name: string): FlagStore | undefined;
  /** Calls back with every environment: with those that are there at once, with others when they come. Returns what ends that. */
  onCreate(listener: (name: string, store: FlagStore) => void): () => void;
  /** Calls back when an environment is removed, before its store closes. Returns what ends that. */
  onRemove(listener: (name: string, store: FlagStore) => void): () => void;
  /**
   * Creates an environment with these flags, durably.
   * @throws {StoreError} where there is one already, or this server has one flags file alone.
   */
  create(name: string, document: FlagDocument, authorship: Authorship): Promise<FlagStore>;
  /**
   * Removes an environment; its history is kept aside. `decide` is given the flags as they are and says who removes them, or throws to
   * refuse.
   */
  remove(name: string, decide: (current: Snapshot) => Authorship): Promise<void>;
  close(): Promise<void>;
}

/**
 * The store of an environment.
 * @throws {StoreError} `unknown_environment`, with the names that there are.
 */
export function storeOf(environments: Environments, name: string): FlagStore {
  const store = environments.get(name);
  if (store) return store;
  const known = environments.names.slice(0, 20).map((one) => JSON.stringify(one));
  throw new StoreError(
    'unknown_environment',
    `there is no environment ${JSON.stringify(name)}: use one of ${known.join(', ')}`,
  );
}
