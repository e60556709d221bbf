import type { ServerResponse } from 'node:http';
import { Backlog } from './backlog.ts';
import { Client, type EventLog, type Shared, type StreamStart } from './subscriber.ts';
import type { Frame } from './frame.ts';
import { HeartbeatWheel } from './heartbeat-wheel.ts';
import { spreadOf } from './reconnect-delay.ts';

/** How streams are kept. */
export interface EventStreamsOptions {
  /** After how long a client that takes nothing of what waits for it is cut off, in milliseconds. Default: 30,000. */
  readonly stalledMs?: number;
}

/** Every stream of server-sent events that is open, by its log. What is told goes to all clients in one and the same buffer. */
export class EventStreams {
  readonly #audiences = new Map<EventLog, Set<Client>>();
  readonly #heartbeats = new HeartbeatWheel<Client>((client) => client.beat(spreadOf(this.#size)));
  readonly #shared: Shared;
  #size = 0;

  constructor({ stalledMs = 30_000 }: EventStreamsOptions = {}) {
    this.#shared = { backlog: new Backlog(), stalledMs };
  }

  /** Serves a client until it goes, or is cut off. */
  open(response: ServerResponse, log: EventLog, start: StreamStart): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const client = new Client(response, log, this.#shared, start);
    const audience = this.#audiences.get(log) ?? new Set();
    this.#audiences.set(log, audience.add(client));
    this.#size += 1;
    const beats = this.#heartbeats.add(client, start.heartbeatS);
    response.on('close', () => {
      beats.delete(client);
      audience.delete(client);
      client.close();
      this.#size -= 1;
    });
    client.begin(start.first, spreadOf(this.#size));
  }

  /** Tells everybody who follows this log. */
  tell(log: EventLog, frame: Frame): void {
    for (const client of this.#audiences.get(log) ?? []) client.tell(frame);
  }

  /** Ends the streams of this log, and tells their clients to come back spread out. */
  end(log: EventLog): void {
    const audience = this.#audiences.get(log) ?? new Set();
    this.#audiences.delete(log);
    for (const client of audience) client.end(spreadOf(this.#size));
  }

  close(): void {
    for (const log of this.#audiences.keys()) this.end(log);
    this.#heartbeats.close();
  }
}
