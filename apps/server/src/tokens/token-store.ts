import type { FileWatcher } from '../store/file/file-watcher.ts';
import type { TokenRecord } from './token-record.ts';

/** Where the tokens of a server are kept: a file, or a database that servers share. */
export interface TokenStore {
  /** The place, for messages. */
  readonly place: string;
  /** The tokens; undefined if none was ever created, so that no request needs one. */
  read(): Promise<readonly TokenRecord[] | undefined>;
  /**
   * Makes one change, durable when this resolves. `change` gets the newest tokens.
   * @throws {RequestError} if nothing can be written now.
   */
  update<T extends { readonly records: readonly TokenRecord[] }>(
    change: (records: readonly TokenRecord[]) => T,
  ): Promise<T>;
  /**
   * Calls back when another process may have changed the tokens. Returns a function that ends it.
   */
  watch(onChange: () => void, watcher: FileWatcher): () => void;
}
