import { HttpProblem } from '../http/problem-details.ts';
import type { Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';
import type { EventLog } from './subscriber.ts';
import type { EventStreams } from './event-streams.ts';
import type { Frame } from './frame.ts';

/** Makes the log of one environment; what it tells goes to everybody who follows that log. */
export type OpenLog<L> = (store: FlagStore, tell: (frame: Frame) => void) => L;

/** One log for each environment, as long as the environment is there. */
export class EnvironmentLogs<L extends EventLog & { close(): void }> {
  readonly #streams: EventStreams;
  readonly #logs = new Map<FlagStore, L>();
  readonly #endings: ReadonlyArray<() => void>;

  constructor(environments: Environments, streams: EventStreams, open: OpenLog<L>) {
    this.#streams = streams;
    this.#endings = [
      environments.onCreate((_name, store) => {
        const log = open(store, (frame) => streams.tell(log, frame));
        this.#logs.set(store, log);
      }),
      environments.onRemove((_name, store) => this.#drop(store)),
    ];
  }

  get all(): Iterable<L> {
    return this.#logs.values();
  }

  /** @throws {HttpProblem} 404 where the environment has been removed meanwhile. */
  of(store: FlagStore): L {
    const log = this.#logs.get(store);
    if (log === undefined) throw new HttpProblem(404, 'the environment has been removed');
    return log;
  }

  /** Ends every stream; the clients come back elsewhere, or here when the server is back. */
  close(): void {
    for (const end of this.#endings) end();
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
