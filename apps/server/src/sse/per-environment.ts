import { RequestError } from '../model/request-error.ts';
import type { Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';
import type { EventStreams } from './event-streams.ts';
import type { Frame } from './frame.ts';
import type { EventLog } from './subscriber.ts';

/** Makes the log of one environment; `send` sends a frame to all of its subscribers. */
export type OpenLog<L> = (store: FlagStore, send: (frame: Frame) => void) => L;

/** One log for each environment, as long as the environment exists. */
export class EnvironmentLogs<L extends EventLog & { close(): void }> {
  readonly #streams: EventStreams;
  readonly #logs = new Map<FlagStore, L>();
  readonly #unsubscribes: ReadonlyArray<() => void>;

  constructor(environments: Environments, streams: EventStreams, open: OpenLog<L>) {
    this.#streams = streams;
    this.#unsubscribes = [
      environments.onCreate((_name, store) => {
        const log = open(store, (frame) => streams.send(log, frame));
        this.#logs.set(store, log);
      }),
      environments.onRemove((_name, store) => this.#drop(store)),
    ];
  }

  get all(): Iterable<L> {
    return this.#logs.values();
  }

  /** @throws {RequestError} `not_found` if the environment was removed in the meantime. */
  of(store: FlagStore): L {
    const log = this.#logs.get(store);
    if (log === undefined) throw new RequestError('not_found', 'the environment has been removed');
    return log;
  }

  /** Whether the environment of a log still exists. */
  has(log: L): boolean {
    return [...this.#logs.values()].includes(log);
  }

  /** Ends every stream; the clients reconnect to another server, or to this one when it is back. */
  close(): void {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    for (const store of this.#logs.keys()) this.#drop(store);
  }

  #drop(store: FlagStore): void {
    const log = this.#logs.get(store);
    if (log === undefined) return;
    this.#logs.delete(store);
    log.close();
    this.#streams.end(log);
  }
}
