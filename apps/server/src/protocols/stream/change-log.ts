import { isDeepStrictEqual } from 'node:util';
import { wholeMembers, type CurrentEvent, type SnapshotEvent } from '@graylane/source';
import type { FlagStore, Snapshot } from '../../store/flag-store.ts';
import { frame, type Frame } from '../../sse/frame.ts';
import { pastDeltas, type Delta } from './past-deltas.ts';

/** How many changes a client may have missed and still be told them one by one; fewer, where they are large. */
const maxKept = 1000;
const maxKeptBytes = 8_388_608;

/** The changes of one store as frames of the change stream, made once for all clients. */
export class ChangeLog {
  readonly #store: FlagStore;
  readonly #unsubscribe: () => void;
  #deltas: readonly Delta[] = [];
  readonly #start: Snapshot;
  readonly #snapshots = new Map<'first' | 'again', Frame>();

  /** `tell` is called with each further change. */
  constructor(store: FlagStore, tell: (delta: Frame) => void) {
    this.#store = store;
    this.#start = store.snapshot;
    this.#unsubscribe = store.onChange((after, before) => {
      const delta = frame('delta', after.revision, {
        revision: after.revision,
        ...difference(before, after),
      });
      this.#keep([...this.#deltas, { after: before.revision, delta }]);
      tell(delta);
    });
  }

  /** Takes up what was changed before this log began, as far as it may be kept: clients may have missed it over a restart. */
  async recall(): Promise<void> {
    const past: Delta[] = [];
    let bytes = 0;
    for await (const one of pastDeltas(this.#store, this.#start)) {
      bytes += one.delta.chunk.length;
      if (past.length === maxKept || bytes > maxKeptBytes) break;
      past.unshift(one);
    }
    this.#keep([...past, ...this.#deltas]);
  }

  /** What brings a client up to date that has applied this revision, or none. */
  after(applied: string | undefined): readonly Frame[] {
    if (applied === this.#store.snapshot.revision) return [];
    const missed = this.#deltas.findIndex(({ after }) => after === applied);
    if (missed >= 0) return this.#deltas.slice(missed).map(({ delta }) => delta);
    return [this.#snapshot(applied === undefined ? 'first' : 'again')];
  }

  /** Says to a client that has everything that it has. */
  get current(): Frame {
    const { revision } = this.#store.snapshot;
    return frame('current', revision, { revision } satisfies CurrentEvent);
  }

  close(): void {
    this.#unsubscribe();
  }

  /** The newest of these, as far as they may be kept. */
  #keep(deltas: readonly Delta[]): void {
    let bytes = 0;
    const tooOld = deltas.findLastIndex(({ delta }, index) => {
      bytes += delta.chunk.length;
      return deltas.length - index > maxKept || bytes > maxKeptBytes;
    });
    this.#deltas = deltas.slice(tooOld + 1);
  }

  /** Everything, made once for all that come at the same revision. */
  #snapshot(time: 'first' | 'again'): Frame {
    const { revision, document } = this.#store.snapshot;
    let snapshot = this.#snapshots.get(time);
    if (snapshot?.id !== revision) {
      const data: SnapshotEvent = { revision, resync: time === 'again', document };
      snapshot = frame('snapshot', revision, data);
      this.#snapshots.set(time, snapshot);
    }
    return snapshot;
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
  const shared = wholeMembers.filter(
    (name) => !isDeepStrictEqual(before.document[name], after.document[name]),
  );
  return {
    flags: Object.fromEntries(flags),
    ...Object.fromEntries(shared.map((name) => [name, after.document[name] ?? null])),
  };
}
