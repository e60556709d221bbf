import type { ParsedDocument, Snapshot } from '../model/document.ts';
import { RequestError } from '../model/request-error.ts';
import type { Authorship } from '../model/revision.ts';
import type { FlagStore } from './flag-store.ts';
import type { Leadership } from './leadership.ts';

/** The environment that always exists; requests that name no environment use it. */
export const defaultEnvironment = 'default';

/** The environments of one server: each has its own flags, revisions and history. */
export interface Environments {
  /** In alphabetical order; `default` is always among them. */
  readonly names: readonly string[];
  /** Which of the servers of these environments runs the controllers of all of them. */
  readonly leadership: Leadership;
  get(name: string): FlagStore | undefined;
  /**
   * Calls back with every environment: at once with those that exist, later with new ones. Returns
   * a function that ends it.
   */
  onCreate(listener: (name: string, store: FlagStore) => void): () => void;
  /**
   * Calls back when an environment is removed, before its store closes. Returns a function that
   * ends it.
   */
  onRemove(listener: (name: string, store: FlagStore) => void): () => void;
  /**
   * Creates an environment with these flags, durably.
   * @throws {RequestError} if the name is taken, or this server can't have more than one
   *   environment.
   */
  create(name: string, document: ParsedDocument, authorship: Authorship): Promise<FlagStore>;
  /**
   * Removes an environment; its history is kept aside. `decide` gets the newest snapshot and
   * returns who removes it, or throws to refuse.
   */
  remove(name: string, decide: (current: Snapshot) => Authorship): Promise<void>;
  close(): Promise<void>;
}

/**
 * The store of an environment.
 * @throws {RequestError} `unknown_environment`, with the names that exist.
 */
export function storeOf(environments: Environments, name: string): FlagStore {
  const store = environments.get(name);
  if (store) return store;
  const known = environments.names.slice(0, 20).map((one) => JSON.stringify(one));
  throw new RequestError(
    'unknown_environment',
    `there is no environment ${JSON.stringify(name)}: use one of ${known.join(', ')}`,
  );
}
