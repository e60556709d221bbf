import { isDeepStrictEqual } from 'node:util';
import type { FlagStore, Snapshot } from '../store/flag-store.ts';
import { frame } from './frame.ts';

/** How many changes a client may have missed and still be told them one by one. */
const kept = 1000;

/** The changes of one store as frames of the change stream, made once for all clients. */
export class ChangeLog {
  readonly #store: FlagStore;
  readonly #listeners = new Set<(delta: Buffer) => void>();
  readonly #unsubscribe: () => void;
  #deltas: Array<{ readonly after: string; readonly delta: Buffer }> = [];
  #snapshot: { readonly revision: string; readonly first: Buffer; readonly again: Buffer } | undefined;

  constructor(store: FlagStore) {
    this.#store = store;
    this.#unsubscribe = store.onChange((after, before) => {
      const delta = frame('delta', after.revision, {
        revision: after.revision,
        ...difference(before, after),
      });
      this.#deltas = [...this.#deltas.slice(1 - kept), { after: before.revision, delta }];
      for (const listener of this.#listeners) listener(delta);
    });
  }

  /** What brings a client up to date that has applied this revision, or none. */
  catchUp(applied: string | undefined): Buffer {
    const { revision } = this.#store.snapshot;
    if (applied === revision) return frame('current', revision, { revision });
    const missed = this.#deltas.findIndex(({ after }) => after === applied);
    if (missed >= 0) return Buffer.concat(this.#deltas.slice(missed).map(({ delta }) => delta));
    return applied === undefined ? this.#wholeSnapshot.first : this.#wholeSnapshot.again;
  }

  /** Calls back with each further change. Returns what ends that. */
  follow(listener: (delta: Buffer) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#unsubscribe();
  }

  get #wholeSnapshot(): { readonly first: Buffer; readonly again: Buffer } {
    const { revision, document } = this.#store.snapshot;
    if (this.#snapshot?.revision !== revision) {
      this.#snapshot = {
        revision,
        first: frame('snapshot', revision, { revision, resync: false, document }),
        again: frame('snapshot', revision, { revision, resync: true, document }),
      };
    }
    return this.#snapshot;
  }
}

/** What a client must do to get from one document to another; null removes. */
function difference(before: Snapshot, after: Snapshot): object {
  const flags = new Map<string, unknown>();
  for (const key of after.flags.keys()) {
    const [old, now] = [before.flags.get(key), after.flags.get(key)];
    // A flag that was taken over is the same object.
    if (old !== now && !isDeepStrictEqual(old?.definition, now?.definition)) flags.set(key, now?.definition);
  }
  for (const key of before.flags.keys()) if (after.flags.get(key) === undefined) flags.set(key, null);
  const shared = ['$evaluators', 'metadata'].filter(
    (name) => !isDeepStrictEqual(before.document[name], after.document[name]),
  );
  return {
    flags: Object.fromEntries(flags),
    ...Object.fromEntries(shared.map((name) => [name, after.document[name] ?? null])),
  };
}
