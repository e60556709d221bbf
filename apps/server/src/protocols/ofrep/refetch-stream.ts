import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Environments } from '../../store/environments.ts';
import type { FlagStore } from '../../store/flag-store.ts';
import { EnvironmentLogs } from '../../sse/per-environment.ts';
import type { EventStreams } from '../../sse/event-streams.ts';
import { frame, type Frame } from '../../sse/frame.ts';
import { lastEventId } from '../../sse/last-event-id.ts';

const heartbeatS = 15;

/** The path of OFREP's event stream. */
export const refetchPath = '/ofrep/v1/events';

/** The path and query of OFREP's event stream: an EventSource sends no header, so the query names the environment. */
export function refetchUri(environment: string): string {
  return `${refetchPath}?environment=${encodeURIComponent(environment)}`;
}

/**
 * OFREP's event stream (ADR 8): tells clients to evaluate again. An event's id is the revision of the rules that it tells of, so a client
 * that comes back with the newest one has missed nothing and is told nothing. Any other client is told at once, a new one too, because the
 * rules may have changed since it has asked: several missed changes are one event, since one question answers them all.
 */
export class RefetchStream {
  readonly #streams: EventStreams;
  readonly #events: EnvironmentLogs<NewestEvent>;

  constructor(environments: Environments, streams: EventStreams) {
    this.#streams = streams;
    this.#events = new EnvironmentLogs(environments, streams, (store, tell) => new NewestEvent(store, tell));
  }

  /** Serves one client of an environment until it goes. */
  connect(request: IncomingMessage, response: ServerResponse, store: FlagStore): void {
    const newest = this.#events.of(store);
    const seen = lastEventId(request);
    this.#streams.open(response, newest, { seen, first: newest.after(seen), heartbeatS, waits: 'exactly' });
  }

  close(): void {
    this.#events.close();
  }
}

/** The newest event of one environment. */
class NewestEvent {
  readonly close: () => void;
  #event: Frame;

  constructor(store: FlagStore, tell: (event: Frame) => void) {
    this.#event = refetch(store.snapshot.revision);
    this.close = store.onChange(({ after }) => {
      this.#event = refetch(after.revision);
      tell(this.#event);
    });
  }

  after(id: string | undefined): readonly Frame[] {
    return id === this.#event.id ? [] : [this.#event];
  }
}

/** `etag` and `lastModified` name the rules: what a client sends back as `flagConfigEtag` and `flagConfigLastModified`. */
function refetch(revision: string): Frame {
  const lastModified = Math.floor(Date.now() / 1000);
  return frame('message', revision, { type: 'refetchEvaluation', etag: revision, lastModified });
}
