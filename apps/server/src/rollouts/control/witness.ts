import type { Log } from '../../log.ts';
import type { Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import type { LookQuestion, Received } from '../evidence/look-source.ts';
import { isWatched } from '../process/record.ts';
import { addReceived } from './details.ts';
import { listenForAct } from './next-act.ts';
import { Rollouts } from './rollouts.ts';

/** The parts of a witness. */
export interface WitnessOptions {
  readonly environments: Environments;
  /** The first call for a lane begins to keep its signals. */
  readonly receivedOf: (question: Pick<LookQuestion, 'environment' | 'lane' | 'slis'>) => Received;
  readonly log: Log;
}

/** How often the signals of rollouts that move are asked for, so that they are kept, in ms. */
const renewMs = 600_000;

/** The longest time that a timer takes, in ms. */
const longestMs = 2 ** 31 - 1;

/** The newest signals belong to no act that is older, in ms. */
const recentMs = 900_000;

/**
 * Adds the traces and the signals of the runtime that this server has received to the reports of
 * rollouts, since another server of the database may move them.
 */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #unsubscribes: ReadonlyArray<() => void>;

  constructor(options: WitnessOptions) {
    this.#options = options;
    const ends = new Map<FlagStore, AbortController>();
    this.#unsubscribes = [
      options.environments.onCreate((name, store) => {
        const end = new AbortController();
        ends.set(store, end);
        const work = this.#attend(name, store, AbortSignal.any([this.#closing.signal, end.signal]));
        this.#running.add(work);
        void work.finally(() => this.#running.delete(work));
      }),
      options.environments.onRemove((_name, store) => {
        ends.get(store)?.abort();
        ends.delete(store);
      }),
    ];
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    await Promise.all(this.#running);
  }

  async #attend(name: string, store: FlagStore, signal: AbortSignal): Promise<void> {
    /** The newest act of each rollout that signals were added to. */
    const added = new Map<string, number>();
    while (!signal.aborted) {
      // Registered before the rollouts are read, so that no act is missed.
      const acted = listenForAct(store, signal);
      let waitMs = renewMs;
      try {
        if (!(await this.#add(name, store, added))) waitMs = longestMs;
      } catch (error) {
        if (!signal.aborted)
          this.#options.log.warn(
            `${name}: the signals that this server received are in no report: ${(error as Error).message}`,
          );
      }
      await acted(waitMs);
    }
  }

  /** Returns whether a rollout may still act. */
  async #add(environment: string, store: FlagStore, added: Map<string, number>): Promise<boolean> {
    const records = await new Rollouts(store).list();
    for (const record of records) {
      const { id, definition, acts } = record;
      const { at, move } = acts.at(-1) ?? { at: 0, move: 0 };
      const isRecent = new Date(at).getTime() > Date.now() - recentMs;
      if (!isWatched(record) && !(isRecent && added.get(id) !== move)) continue;
      const { lane, guard } = definition;
      const received = this.#options.receivedOf({ environment, lane, slis: guard.slis });
      if (isRecent && added.get(id) !== move) await addReceived(store, `${id}.${move}`, received);
      added.set(id, move);
    }
    return records.some(isWatched);
  }
}
