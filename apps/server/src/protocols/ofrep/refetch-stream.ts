import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clients } from '../../clients/clients.ts';
import { principalOf } from '../../http/front-door/principal.ts';
import type { Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import { EnvironmentLogs } from '../../sse/per-environment.ts';
import type { EventStreams } from '../../sse/event-streams.ts';
import { frame, type Frame } from '../../sse/frame.ts';
import { lastEventId } from '../../sse/last-event-id.ts';

const heartbeatS = 15;

/** The path of OFREP's event stream. */
export const refetchPath = '/ofrep/v1/events';

/**
 * The path and query of OFREP's event stream: an EventSource sends no header, so the query names
 * the environment.
 */
export function refetchUri(environment: string): string {
  return `${refetchPath}?environment=${encodeURIComponent(environment)}`;
}

/**
 * OFREP's event stream (ADR 8): events that make clients evaluate again. The id of an event is the
 * revision of the rules, so a client that reconnects with the newest one gets no event. Every other
 * client gets one at once, a new client, too, because the rules may have changed since its last
 * evaluation. Several missed changes are one event.
 */
export class RefetchStream {
  readonly #streams: EventStreams;
  readonly #events: EnvironmentLogs<NewestEvent>;
  readonly #clients: Clients;

  constructor(environments: Environments, streams: EventStreams, clients: Clients) {
    this.#streams = streams;
    this.#clients = clients;
    this.#events = new EnvironmentLogs(environments, streams, (store, send) => new NewestEvent(store, send));
  }

  /** Serves one client of an environment until it disconnects. */
  connect(request: IncomingMessage, response: ServerResponse, store: FlagStore): void {
    const newest = this.#events.of(store);
    const seen = lastEventId(request);
    const first = newest.after(seen);
    const principal = principalOf(request);
    const start = { seen, first, heartbeatS, waits: 'exactly', protocol: 'ofrep', principal } as const;
    this.#streams.open(response, newest, start, this.#clients.connect(store, 'ofrep'));
  }

  close(): void {
    this.#events.close();
  }
}

/** The newest event of one environment. */
class NewestEvent {
  readonly close: () => void;
  #event: Frame;

  constructor(store: FlagStore, send: (event: Frame) => void) {
    this.#event = refetch(store.snapshot.revision);
    this.close = store.onChange(({ after }) => {
      this.#event = refetch(after.revision);
      send(this.#event);
    });
  }

  after(id: string | undefined): readonly Frame[] {
    return id === this.#event.id ? [] : [this.#event];
  }
}

/** Clients send `etag` and `lastModified` back as `flagConfigEtag` and `flagConfigLastModified`. */
function refetch(revision: string): Frame {
  const lastModified = Math.floor(Date.now() / 1000);
  return frame('message', revision, { type: 'refetchEvaluation', etag: revision, lastModified });
}
