import { setTimeout as pause } from 'node:timers/promises';
import { checkFlags, killedMember } from '@graylane/flags';
import type { Log } from '../../log.ts';
import type { Snapshot } from '../../model/document.ts';
import {
  isKilled,
  killEdits,
  killsOf,
  liftEdits,
  placeOf,
  withKill,
  type KillEntry,
  type Kills,
  type KillTarget,
} from '../../model/kill.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Authorship, HistoryPage, RecordEdit, Revision } from '../../model/revision.ts';
import type { Decide, FlagsChanged, FlagStore, StoreHealth } from '../flag-store.ts';
import type { Fence, RecordReader, Records } from '../records.ts';
import type { Verification } from '../verification.ts';
import { changesBetween, countOf, isEmpty, missingKills, withKills } from './overlay.ts';

/** How a store is wrapped. */
export interface KillingStoreOptions {
  readonly log: Log;
  /** The environment, for messages. */
  readonly name: string;
  /** The kills that an earlier process could not write. */
  readonly held: Kills;
  /** Keeps the kills that are not written yet. */
  readonly keep: (held: Kills) => void;
  /** Why they can't be kept over a restart; undefined if they can. */
  readonly keepTrouble: () => string | undefined;
  /** Whether kills are held for a store that can never be written. */
  readonly holdsReadOnly: boolean;
  readonly accompany?: Accompany | undefined;
}

/** The records that a kill writes in its revision, e.g. to pause the rollout of its lane. */
export type Accompany = (target: KillTarget, records: RecordReader) => Promise<readonly RecordEdit[]>;

/** How a kill was made. */
export interface Killed {
  readonly snapshot: Snapshot;
  /** Why it is in force on this server only, for now; undefined if it is written. */
  readonly held: string | undefined;
}

/** Receives the kills that are in force on this server alone, and their end. */
export type HeldListener = (act: 'kill' | 'lift', target: KillTarget, by: KillEntry) => void;

/** How long a kill waits for the store before it is in force without it, in milliseconds. */
const patienceMs = 1000;

/** How often kills are written again that could not be written. */
const [retryMs, maxRetryMs] = [500, 5000];

/**
 * A store whose kills are in force at once. One that the store can't write is held in memory, above
 * the flags that the store has, and written as soon as that is possible.
 */
export class KillingStore implements FlagStore {
  readonly #store: FlagStore;
  readonly #options: KillingStoreOptions;
  readonly #listeners = new Set<(event: FlagsChanged) => void>();
  readonly #heldListeners = new Set<HeldListener>();
  readonly #unsubscribe: () => void;
  readonly #closing = new AbortController();
  #held: Kills;
  #trouble: string | undefined;
  /** The flags of the store with the held kills. */
  #overlay: Snapshot | undefined;
  #writing = false;

  constructor(store: FlagStore, options: KillingStoreOptions) {
    this.#store = store;
    this.#options = options;
    this.#held = missingKills(options.held, store.snapshot);
    this.#overlay = this.#withHeld(store.snapshot);
    this.#unsubscribe = store.onChange((event) => this.#follow(event));
    if (this.#overlay !== undefined) {
      this.#trouble = 'they were not written before the last stop';
      void this.#writeHeld();
    }
  }

  get snapshot(): Snapshot {
    return this.#overlay ?? this.#store.snapshot;
  }

  get records(): Records {
    return this.#store.records;
  }

  health(): StoreHealth {
    const health = this.#store.health();
    const trouble = this.#options.keepTrouble();
    if (this.#overlay === undefined && trouble === undefined) return health;
    const { lanes, flags } = this.#held;
    const notes = [this.#overlay && `in force on this server alone: ${this.#trouble}`, trouble];
    const heldKills = {
      note: notes.filter((note) => note !== undefined).join('; '),
      lanes: Object.keys(lanes),
      flags: Object.keys(flags),
    };
    return { ...health, degraded: true, details: { ...health.details, heldKills } };
  }

  onChange(listener: (event: FlagsChanged) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  verify(): Promise<Verification> | undefined {
    return this.#store.verify?.();
  }

  async write(decide: Decide, fence?: Fence): Promise<Snapshot> {
    await this.#store.write(decide, fence);
    return this.snapshot;
  }

  /**
   * Calls back when a kill is held here, and when one that is held is lifted. Returns a function
   * that ends it.
   */
  onHeld(listener: HeldListener): () => void {
    this.#heldListeners.add(listener);
    return () => this.#heldListeners.delete(listener);
  }

  /** Whether a kill is in force here and not written yet. */
  isHeld(target: KillTarget): boolean {
    const [kind, name] = placeOf(target);
    return Object.hasOwn(this.#held[kind], name);
  }

  /**
   * Switches a lane or a flag off: in a revision, or here alone while none can be written.
   * @throws {RequestError} `invalid`, or `read_only` if this server may not be written at all.
   */
  async kill(target: KillTarget, authorship: Authorship): Promise<Killed> {
    const entry = { at: new Date().toISOString(), ...authorship };
    requireValid(target, entry, killsOf(this.snapshot));
    let isLate = false;
    const attempt = this.#write(target, entry, () => !isLate || this.isHeld(target)).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    const late = pause(patienceMs, new Error('the store has not responded in time'), { ref: false });
    const failure = await Promise.race([attempt, late]);
    // It may have arrived from another server meanwhile.
    if (failure === undefined || isKilled(this.#store.snapshot, target))
      return { snapshot: this.snapshot, held: undefined };
    if (!this.#isHeldFor(failure)) throw failure;
    isLate = true;
    this.#hold(target, entry, failure.message);
    return { snapshot: this.snapshot, held: failure.message };
  }

  /**
   * Lifts a kill: the definitions are in force again.
   * @throws {RequestError} `not_found` if it is not killed, or as `write` does.
   */
  async lift(target: KillTarget, authorship: Authorship): Promise<Snapshot> {
    const [kind, name] = placeOf(target);
    const isHeld = this.isHeld(target);
    if (!isHeld || isKilled(this.#store.snapshot, target)) {
      await this.#store.write((current) => ({ ...authorship, edits: liftEdits(current, target) }));
    }
    if (isHeld) {
      this.#setHeld(withKill(this.#held, kind, name, undefined), authorship);
      for (const listener of this.#heldListeners) listener('lift', target, authorship);
    }
    return this.snapshot;
  }

  history(page: HistoryPage): Promise<readonly Revision[]> {
    return this.#store.history(page);
  }

  revision(revision: string): Promise<Revision | undefined> {
    return this.#store.revision(revision);
  }

  /** Ends all work of its own; the environments close the store. */
  release(): void {
    this.#closing.abort();
    this.#unsubscribe();
  }

  async close(): Promise<void> {
    this.release();
    await this.#store.close();
  }

  /** Writes a kill, unless it was lifted before its turn. */
  #write(
    target: KillTarget,
    { at, author = 'anonymous', reason }: KillEntry,
    isWanted: () => boolean,
  ): Promise<Snapshot> {
    const entry = { at, author, ...(reason !== undefined && { reason }) };
    return this.#store.write(async (current, reader) => {
      const edits = isWanted() ? killEdits(current, target, entry) : [];
      const records = edits.length > 0 ? await this.#accompanying(target, reader) : [];
      return { author, reason, edits, records };
    });
  }

  /** A kill is in force whatever becomes of the records. */
  async #accompanying(target: KillTarget, reader: RecordReader): Promise<readonly RecordEdit[]> {
    const { accompany, log, name } = this.#options;
    try {
      return (await accompany?.(target, reader)) ?? [];
    } catch (error) {
      log.warn(`${name}: a kill did not pause the rollouts: ${(error as Error).message}`);
      return [];
    }
  }

  /** A store that refuses to be written is one of a relay, or of a source that is read-only. */
  #isHeldFor(failure: Error): boolean {
    if (!(failure instanceof RequestError)) return true;
    if (failure.code === 'read_only') return this.#options.holdsReadOnly;
    return heldFor.has(failure.code);
  }

  #hold(target: KillTarget, entry: KillEntry, trouble: string): void {
    const { log, name: environment } = this.#options;
    const [kind, name] = placeOf(target);
    log.warn(
      `${environment}: the ${kind.slice(0, -1)} ${JSON.stringify(name)} is killed on this server alone, and will be written when that is possible: ${trouble}`,
    );
    this.#trouble = trouble;
    this.#setHeld(withKill(this.#held, kind, name, entry), entry);
    for (const listener of this.#heldListeners) listener('kill', target, entry);
    void this.#writeHeld();
  }

  /** Writes the held kills, each under its author, until they are written or lifted. */
  async #writeHeld(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    const { signal } = this.#closing;
    for (let wait = retryMs; !isEmpty(this.#held); wait = Math.min(2 * wait, maxRetryMs)) {
      // oxlint-disable-next-line no-await-in-loop -- One attempt after the other.
      await pause(wait, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) break;
      for (const [target, entry] of targetsOf(this.#held)) {
        // oxlint-disable-next-line no-await-in-loop -- As above.
        await this.#write(target, withDelay(entry), () => this.isHeld(target)).catch((error: unknown) => {
          this.#trouble = (error as Error).message;
        });
      }
    }
    this.#writing = false;
  }

  #withHeld(snapshot: Snapshot): Snapshot | undefined {
    return isEmpty(this.#held) ? undefined : withKills(snapshot, this.#held);
  }

  /** A revision of the store, as it is under the held kills. */
  #follow(event: FlagsChanged): void {
    const before = this.#overlay ?? event.before;
    const held = missingKills(this.#held, event.after);
    if (countOf(held) < countOf(this.#held)) {
      this.#held = held;
      this.#options.keep(held);
      if (isEmpty(held)) this.#options.log.info(`${this.#options.name}: all kills are written`);
    }
    this.#overlay = this.#withHeld(event.after);
    const after = this.snapshot;
    if (before === event.before && after === event.after) this.#emit(event);
    else {
      const changes = changesBetween(before, after, event.revision.changes);
      this.#emit({
        before,
        after,
        revision: { ...event.revision, revision: after.revision, changes },
        affected: event.affected,
      });
    }
  }

  #setHeld(held: Kills, { author = 'anonymous', reason }: Partial<Authorship>): void {
    const before = this.snapshot;
    this.#held = held;
    this.#overlay = this.#withHeld(this.#store.snapshot);
    const after = this.snapshot;
    this.#options.keep(held);
    if (after.revision === before.revision) return;
    const changes = changesBetween(before, after, []);
    const at = new Date().toISOString();
    const revision: Revision = { revision: after.revision, at, author, reason, changes };
    const affected = [...after.flags.keys()].filter((key) => after.flags.get(key) !== before.flags.get(key));
    this.#emit({ before, after, revision, affected });
  }

  #emit(event: FlagsChanged): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** The refusals of a store that may end by themselves, or by the work of an operator. */
const heldFor: ReadonlySet<string> = new Set(['unwritable', 'disk_full', 'pending_fault']);

/**
 * Faults of other kills, which were written by hand, do not prevent a kill.
 * @throws {RequestError} `invalid` for a lane that can't be killed, or one too many.
 */
function requireValid(target: KillTarget, entry: KillEntry, kills: Kills): void {
  const [kind, name] = placeOf(target);
  const alone = checkFlags({ flags: {}, [killedMember]: { [kind]: { [name]: entry } } });
  const all = checkFlags({ flags: {}, [killedMember]: withKill(kills, kind, name, entry) });
  const problems = alone.length > 0 ? alone : all.filter(({ path }) => path === `$.${killedMember}.${kind}`);
  if (problems.length > 0) throw new RequestError('invalid', 'this can not be killed', { problems });
}

function* targetsOf({ lanes, flags }: Kills): Generator<readonly [KillTarget, KillEntry]> {
  for (const [lane, entry] of Object.entries(lanes)) yield [{ lane }, entry];
  for (const [flag, entry] of Object.entries(flags)) yield [{ flag }, entry];
}

/** The history has the time of the revision; the reason has that of the kill. */
function withDelay({ at, reason, ...entry }: KillEntry): KillEntry {
  const delayed = `in force since ${at}, written when that was possible`;
  return { ...entry, at: at ?? '', reason: reason === undefined ? delayed : `${reason} (${delayed})` };
}
