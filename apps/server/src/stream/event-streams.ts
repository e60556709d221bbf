import type { ServerResponse } from 'node:http';
import { HeartbeatWheel } from './heartbeat-wheel.ts';

/** A client that leaves more than this unread, beyond what it was sent at first, is cut off; it comes back and catches up. */
const maxUnread = 1_048_576;

/** After a loss clients are to come back one a millisecond, within half a second at least and half a minute at most. */
const minSpreadMs = 500;
const maxSpreadMs = 30_000;

/** How a stream begins, and who reads it. */
export interface StreamStart {
  /** What the client is sent first; the same buffers for all that are sent the same. */
  readonly first: readonly Buffer[];
  /** How often it gets a sign of life, in seconds. */
  readonly heartbeatS: number;
  /**
   * What the client makes of `retry:`. An EventSource waits exactly so long (HTML standard, section 9.2.3), so each one is told something
   * else. Graylane's provider waits up to so long, at random, so that all can be told the same, and told anew while they grow more.
   */
  readonly waits: 'exactly' | 'up to';
}

/** Every stream of server-sent events that is open, by what it is about. What is told goes to all clients in one and the same buffer. */
export class EventStreams {
  readonly #audiences = new Map<object, Set<Client>>();
  readonly #heartbeats = new HeartbeatWheel<Client>((client) => client.beat(this.#spreadMs));
  #size = 0;

  /** Serves a client until it goes, or until it is too slow. */
  open(response: ServerResponse, about: object, { first, heartbeatS, waits }: StreamStart): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const client = new Client(response, lengthOf(first), waits);
    const audience = this.#audiences.get(about) ?? new Set();
    this.#audiences.set(about, audience.add(client));
    this.#size += 1;
    const unbeat = this.#heartbeats.add(client, heartbeatS);
    response.on('close', () => {
      unbeat();
      audience.delete(client);
      this.#size -= 1;
    });
    client.begin(first, this.#spreadMs);
  }

  /** Tells everybody who follows this. */
  tell(about: object, bytes: Buffer): void {
    const message = messageOf(bytes);
    for (const client of this.#audiences.get(about) ?? []) client.send(message);
  }

  /** Ends the streams about this, and tells their clients to come back spread out. */
  end(about: object): void {
    const audience = this.#audiences.get(about) ?? new Set();
    this.#audiences.delete(about);
    for (const client of audience) client.end(this.#spreadMs);
  }

  close(): void {
    for (const about of this.#audiences.keys()) this.end(about);
    this.#heartbeats.close();
  }

  /** Over how long the clients should come back, were all to lose their streams now. */
  get #spreadMs(): number {
    return Math.min(Math.max(this.#size, minSpreadMs), maxSpreadMs);
  }
}

/**
 * One open stream. What it is told was framed as a chunk (RFC 9112, section 7.1) once for all clients, and goes to the socket as it is: a
 * response would frame it anew for each client, in three pieces.
 */
class Client {
  readonly #response: ServerResponse;
  readonly #waits: StreamStart['waits'];
  readonly #patience: number;

  constructor(response: ServerResponse, firstLength: number, waits: StreamStart['waits']) {
    this.#response = response;
    this.#waits = waits;
    // A large snapshot over a slow line must not cost the client its stream, again and again.
    this.#patience = maxUnread + firstLength;
  }

  begin(first: readonly Buffer[], spreadMs: number): void {
    this.#response.write(this.#hint(spreadMs));
    for (const bytes of first) this.#response.write(bytes);
  }

  send({ plain, chunk }: Message): void {
    const { socket, chunkedEncoding, writableEnded } = this.#response;
    // What came behind the end would be taken for the next answer on the connection.
    if (writableEnded) return;
    // A request that came behind another one on its connection has no socket yet; one of HTTP/1.0 wants no chunks.
    if (socket === null) this.#response.write(plain);
    else if (socket.writableLength > this.#patience) this.#response.destroy();
    else if (!socket.destroyed) socket.write(chunkedEncoding ? chunk : plain);
  }

  /** A comment says that the stream lives. */
  beat(spreadMs: number): void {
    this.send(this.#waits === 'exactly' ? comment : retryMessage(spreadMs));
  }

  end(spreadMs: number): void {
    this.#response.end(this.#hint(spreadMs));
  }

  #hint(spreadMs: number): Buffer {
    return retryHint(this.#waits === 'exactly' ? Math.round(Math.random() * spreadMs) : spreadMs);
  }
}

/** How long to wait before coming back, in milliseconds, with a comment. */
function retryHint(ms: number): Buffer {
  return Buffer.from(`:\nretry: ${ms}\n\n`);
}

/** What clients are told, in both ways that it can be sent. */
interface Message {
  readonly plain: Buffer;
  readonly chunk: Buffer;
}

function messageOf(plain: Buffer): Message {
  const head = Buffer.from(`${plain.length.toString(16)}\r\n`);
  return { plain, chunk: Buffer.concat([head, plain, Buffer.from('\r\n')]) };
}

function lengthOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}

const comment = messageOf(Buffer.from(':\n\n'));
let hint = { ms: 0, message: comment };

/** The hint, made once for all that are told the same. */
function retryMessage(ms: number): Message {
  if (hint.ms !== ms) hint = { ms, message: messageOf(retryHint(ms)) };
  return hint.message;
}
