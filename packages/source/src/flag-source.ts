import type { Delta } from './protocol.ts';

/**
 * Where flag definitions come from. A provider that is opened again after it was closed starts its
 * source again.
 */
export interface FlagSource {
  /**
   * Identifies what the source delivers, e.g. the address of a flag server and its environment. A
   * cache file is used only by a source with the same id. Default: none, which is an id as well.
   */
  readonly id?: string;
  /** Starts to deliver. It may call the sink before it returns. */
  start(sink: FlagSink): void;
  /** Stops delivering and releases all resources. */
  close(): void;
}

/** Receives the definitions of a source, and its state. */
export interface FlagSink {
  /**
   * Replaces all definitions by a document. Returns false if the document can't be read; the last
   * good definitions stay in force then.
   */
  update(document: unknown, revision: string): boolean;
  /**
   * Changes the definitions of the last update. Returns false, or a promise of it, if the change
   * can't be applied: the source must deliver a whole document next. A change that concerns many
   * flags takes several turns of the event loop: the source must wait for the promise before it
   * delivers more. Until then the definitions before the change stay in force.
   */
  change(delta: Delta, revision: string): boolean | Promise<boolean>;
  /** The definitions are the newest, as far as the source can know. */
  live(): void;
  /**
   * The source can't be reached or is broken, so the definitions may be old. The source retries.
   */
  stale(message: string): void;
  /**
   * The source refuses this client, e.g. because its token is wrong, until its configuration
   * changes. The source retries nevertheless.
   */
  refused(message: string): void;
}
