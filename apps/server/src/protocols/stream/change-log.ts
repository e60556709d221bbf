import type { CurrentEvent, SnapshotEvent } from '@graylane/source';
import { toDocument, type Snapshot } from '../../model/document.ts';
import { around, documentText } from '../../model/document-text.ts';
import { frame, frameOfPieces, type Frame } from '../../sse/frame.ts';
import type { FlagsChanged, FlagStore } from '../../store/flag-store.ts';
import { deltaOf, largeDeltaOf, manyChanges } from './delta.ts';
import { pastDeltas, type Delta } from './past-deltas.ts';

/**
 * How many changes a client may have missed and still get them one by one; fewer if they are large.
 */
const maxKept = 1000;
const maxKeptBytes = 8_388_608;

/**
 * Up to so many flags a snapshot is written at once; a larger one in slices, and not for every
 * change.
 */
const fewFlags = 500;

/** The changes of one store as frames of the change stream, made once for all clients. */
export class ChangeLog {
  readonly #store: FlagStore;
  readonly #send: (delta: Frame) => void;
  readonly #unsubscribe: () => void;
  readonly #start: Snapshot;
  #deltas: readonly Delta[] = [];
  /** The snapshot that clients have, once they got all deltas. */
  #sent: Snapshot;
  /** Large deltas under way, and the changes after them. */
  #writing: Promise<void> | undefined;
  readonly #snapshots = new Map<'first' | 'again', Frame>();
  readonly #making = new Map<'first' | 'again', Promise<Frame>>();

  /** Calls `send` with each further change. */
  constructor(store: FlagStore, send: (delta: Frame) => void) {
    this.#store = store;
    this.#send = send;
    this.#start = store.snapshot;
    this.#sent = store.snapshot;
    this.#unsubscribe = store.onChange((event) => this.#take(event));
  }

  /**
   * Reads the changes that were made before this log began, for clients that missed them over a
   * restart.
   */
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

  /**
   * The frames that a client needs after the revision that it has applied, if any: the missed
   * changes, or a snapshot. A promise while a large snapshot is being written.
   */
  after(applied: string | undefined): readonly Frame[] | Promise<readonly Frame[]> {
    const missed = this.#since(applied);
    if (missed) return missed;
    const time = applied === undefined ? 'first' : 'again';
    const known = this.#snapshots.get(time);
    if (this.#sent.flags.size <= fewFlags)
      return [known?.id === this.#sent.revision ? known : this.#write(time)];
    const more = known && this.#since(known.id);
    return known && more ? [known, ...more] : this.#writeLarge(time);
  }

  /** The event for a client that has everything. */
  get current(): Frame {
    const { revision } = this.#sent;
    return frame('current', revision, { revision } satisfies CurrentEvent);
  }

  close(): void {
    this.#unsubscribe();
  }

  #take(event: FlagsChanged): void {
    const { after, revision } = event;
    if (this.#writing === undefined && revision.changes.length <= manyChanges) {
      this.#add(event, deltaOf(revision, after.shared));
      return;
    }
    const writing = (this.#writing ?? Promise.resolve())
      .then(() => largeDeltaOf(revision, after.shared))
      .then((delta) => {
        this.#add(event, delta);
        if (this.#writing === writing) this.#writing = undefined;
      });
    this.#writing = writing;
  }

  #add({ before, after }: FlagsChanged, delta: Frame): void {
    this.#sent = after;
    this.#keep([...this.#deltas, { after: before.revision, delta }]);
    this.#send(delta);
  }

  /** The deltas after a revision, if they are all kept. */
  #since(revision: string | undefined): readonly Frame[] | undefined {
    if (revision === this.#sent.revision) return [];
    const first = this.#deltas.findIndex(({ after }) => after === revision);
    return first < 0 ? undefined : this.#deltas.slice(first).map(({ delta }) => delta);
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

  #write(time: 'first' | 'again'): Frame {
    const { revision } = this.#sent;
    const document = toDocument(this.#sent);
    const data: SnapshotEvent = { revision, resync: time === 'again', document };
    const snapshot = frame('snapshot', revision, data);
    this.#snapshots.set(time, snapshot);
    return snapshot;
  }

  /** Writes a snapshot once for all clients that wait for it, with the changes made meanwhile. */
  async #writeLarge(time: 'first' | 'again'): Promise<readonly Frame[]> {
    const sent = this.#sent;
    let making = this.#making.get(time);
    if (making === undefined) {
      making = documentText(sent).then((document) => {
        const { revision } = sent;
        const head = `{"revision":${JSON.stringify(revision)},"resync":${time === 'again'},"document":`;
        const snapshot = frameOfPieces('snapshot', revision, around(head, document, '}'));
        this.#snapshots.set(time, snapshot);
        this.#making.delete(time);
        return snapshot;
      });
      this.#making.set(time, making);
    }
    const snapshot = await making;
    // If more has changed meanwhile than is kept, the client gets a newer snapshot after this one.
    return [snapshot, ...(this.#since(snapshot.id) ?? [])];
  }
}
