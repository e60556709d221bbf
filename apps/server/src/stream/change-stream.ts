import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpProblem } from '../http/problem-details.ts';
import type { Environments } from '../store/environments.ts';
import type { FlagStore } from '../store/flag-store.ts';
import { ChangeLog } from './change-log.ts';
import type { EventStreams } from './event-streams.ts';
import { lastEventId } from './last-event-id.ts';

const defaultHeartbeatS = 15;
const maxHeartbeatS = 60;

/** Tells graylane's own providers of every change: a snapshot first, or what they missed, then deltas. */
export class ChangeStream {
  readonly #streams: EventStreams;
  readonly #logs = new Map<FlagStore, ChangeLog>();
  readonly #endings: ReadonlyArray<() => void>;

  constructor(environments: Environments, streams: EventStreams) {
    this.#streams = streams;
    this.#endings = [
      environments.onCreate((_name, store) => {
        const log = new ChangeLog(store, (delta) => streams.tell(log, delta));
        this.#logs.set(store, log);
      }),
      environments.onRemove((_name, store) => this.#drop(store)),
    ];
  }

  /** Serves one client of an environment until it goes. `heartbeat` is in seconds, as the query has it. */
  connect(
    request: IncomingMessage,
    response: ServerResponse,
    store: FlagStore,
    heartbeat: string | undefined,
  ): void {
    const log = this.#logs.get(store);
    if (log === undefined) throw new HttpProblem(404, 'the environment has been removed');
    const heartbeatS = readHeartbeat(heartbeat);
    const first = log.catchUp(lastEventId(request));
    this.#streams.open(response, log, { first, heartbeatS, waits: 'up to' });
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

function readHeartbeat(value: string | undefined): number {
  if (value === undefined) return defaultHeartbeatS;
  const seconds = Number(value);
  if (seconds >= 1 && seconds <= maxHeartbeatS) return seconds;
  throw new HttpProblem(400, `heartbeat is ${JSON.stringify(value)}: use 1 to ${maxHeartbeatS} seconds`);
}
