import type { ServerResponse } from 'node:http';
import { HeartbeatWheel } from './heartbeat-wheel.ts';
import { retryHint } from './frame.ts';

/** A client that leaves more than this unread, beyond what it was sent at first, is cut off; it comes back and catches up. */
const maxUnread = 1_048_576;

/** At the end clients are told to come back one a millisecond, within a second at least and half a minute at most. */
const minSpreadMs = 1000;
const maxSpreadMs = 30_000;

/** How a stream begins. */
export interface StreamStart {
  /** What the client is sent first; the same buffers for all that are sent the same. */
  readonly first: readonly Buffer[];
  /** How often it gets a sign of life, in seconds. */
  readonly heartbeatS: number;
  /** How long the client should wait before it comes back, should the connection break; in milliseconds. */
  readonly retryMs: number;
}

/** Every stream of server-sent events that is open, by what it is about. What is told goes to all clients in one and the same buffer. */
export class EventStreams {
  readonly #audiences = new Map<object, Set<Client>>();
  readonly #heartbeats = new HeartbeatWheel<Client>((client) => client.beat());

  /** How many streams are open. */
  get size(): number {
    let size = 0;
    for (const audience of this.#audiences.values()) size += audience.size;
    return size;
  }

  /** Serves a client until it goes, or until it is too slow. */
  open(response: ServerResponse, about: object, { first, heartbeatS, retryMs }: StreamStart): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const client = new Client(response, first);
    response.write(retryHint(retryMs));
    for (const bytes of first) response.write(bytes);
    const audience = this.#audiences.get(about) ?? new Set();
    this.#audiences.set(about, audience.add(client));
    const unbeat = this.#heartbeats.add(client, heartbeatS);
    response.on('close', () => {
      unbeat();
      audience.delete(client);
    });
  }

  /** Tells everybody who follows this. */
  tell(about: object, bytes: Buffer): void {
    for (const client of this.#audiences.get(about) ?? []) client.send(bytes);
  }

  /** Ends the streams about this, and tells their clients to come back spread out. */
  end(about: object): void {
    const audience = this.#audiences.get(about) ?? new Set();
    this.#audiences.delete(about);
    const spreadMs = Math.min(Math.max(audience.size, minSpreadMs), maxSpreadMs);
    for (const client of audience) client.end(Math.round(Math.random() * spreadMs));
  }

  close(): void {
    for (const about of this.#audiences.keys()) this.end(about);
    this.#heartbeats.close();
  }
}

const heartbeat: Buffer = Buffer.from(':\n\n');

class Client {
  readonly #response: ServerResponse;
  readonly #patience: number;

  constructor(response: ServerResponse, first: readonly Buffer[]) {
    this.#response = response;
    // A large snapshot over a slow line must not cost the client its stream, again and again.
    this.#patience = maxUnread + first.reduce((sum, { length }) => sum + length, 0);
  }

  send(bytes: Buffer): void {
    if (this.#response.writableLength > this.#patience) this.#response.destroy();
    else this.#response.write(bytes);
  }

  beat(): void {
    this.send(heartbeat);
  }

  end(retryMs: number): void {
    this.#response.end(retryHint(retryMs));
  }
}
