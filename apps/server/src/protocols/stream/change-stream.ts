import type { IncomingMessage, ServerResponse } from 'node:http';
import { serverHeader } from '@graylane/source';
import type { Clients } from '../../clients/clients.ts';
import type { ServerIdentity } from '../../clients/server-identity.ts';
import { principalOf } from '../../http/front-door/principal.ts';
import { RequestError } from '../../model/request-error.ts';
import type { Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import { ChangeLog } from './change-log.ts';
import { EnvironmentLogs } from '../../sse/per-environment.ts';
import type { EventStreams } from '../../sse/event-streams.ts';
import { lastEventId } from '../../sse/last-event-id.ts';
import type { StreamStart } from '../../sse/subscriber.ts';
import { nameOf } from './client-report.ts';

const defaultHeartbeatS = 15;
const maxHeartbeatS = 60;

/** The parts that a change stream works with. */
export interface ChangeStreamParts {
  readonly streams: EventStreams;
  readonly clients: Clients;
  readonly identity: ServerIdentity;
}

/**
 * Sends every change to graylane's own providers: a snapshot first, or what they missed, then
 * deltas.
 */
export class ChangeStream {
  readonly #streams: EventStreams;
  readonly #logs: EnvironmentLogs<ChangeLog>;
  readonly #clients: Clients;
  readonly #identity: ServerIdentity;

  constructor(environments: Environments, { streams, clients, identity }: ChangeStreamParts) {
    this.#clients = clients;
    this.#identity = identity;
    this.#streams = streams;
    this.#logs = new EnvironmentLogs(environments, streams, (store, tell) => new ChangeLog(store, tell));
  }

  /** Reads the changes before the start from the histories, for clients that reconnect. */
  async recall(): Promise<void> {
    for (const log of this.#logs.all) await log.recall();
  }

  /**
   * Serves one client of an environment until it disconnects. `heartbeat` is the query parameter,
   * in seconds.
   */
  connect(
    request: IncomingMessage,
    response: ServerResponse,
    store: FlagStore,
    heartbeat: string | undefined,
  ): void {
    const log = this.#logs.of(store);
    const heartbeatS = readHeartbeat(heartbeat);
    const seen = lastEventId(request);
    const principal = principalOf(request);
    const open = (): void => {
      const missed = log.after(seen);
      if (missed instanceof Promise) {
        // A large snapshot is being written.
        void missed.then(() => {
          if (this.#logs.has(log)) open();
          else response.destroy();
        });
        return;
      }
      const first = missed.length > 0 ? missed : [log.current];
      if (response.destroyed) return;
      const start: StreamStart = {
        seen,
        first,
        heartbeatS,
        waits: 'up to',
        protocol: 'changes',
        headers: { [serverHeader]: this.#identity.header },
        principal,
      };
      this.#streams.open(response, log, start, this.#clients.connect(store, 'changes', nameOf(request)));
    };
    open();
  }

  close(): void {
    this.#logs.close();
  }
}

function readHeartbeat(value: string | undefined): number {
  if (value === undefined) return defaultHeartbeatS;
  const seconds = Number(value);
  if (seconds >= 1 && seconds <= maxHeartbeatS) return seconds;
  throw new RequestError(
    'invalid_request',
    `heartbeat is ${JSON.stringify(value)}: use 1 to ${maxHeartbeatS} seconds`,
  );
}
