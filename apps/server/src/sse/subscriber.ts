import type { ServerResponse } from 'node:http';
import type { Backlog } from './backlog.ts';
import { retryHint, type Frame } from './frame.ts';
import { waitWithin } from './reconnect-delay.ts';

/** What can be told of one subject, by the ids of its events. */
export interface EventLog {
  /** What somebody is to be told who has seen this event last; undefined has seen none. Nothing where it is the newest. */
  after(id: string | undefined): readonly Frame[];
}

/** How a stream begins, and who reads it. */
export interface StreamStart {
  /** The event that the client has seen last; undefined for one that is new. */
  readonly seen: string | undefined;
  /** What the client is sent first. */
  readonly first: readonly Frame[];
  /** How often it gets a sign of life, in seconds. */
  readonly heartbeatS: number;
  /**
   * What the client makes of `retry:`. An EventSource waits exactly so long (HTML standard, section 9.2.3), so each one is told something
   * else. Graylane's provider waits up to so long, at random, so that all can be told the same.
   */
  readonly waits: 'exactly' | 'up to';
}

/** What the clients of a server share. */
export interface Shared {
  readonly backlog: Backlog;
  /** How long a client may take nothing of what waits for it until it is cut off, in milliseconds. */
  readonly stalledMs: number;
}

/** What may wait for a request's turn on its connection. */
const maxWaiting = 1_048_576;

/**
 * One open stream. Frames go to the socket as they are: a response would frame them anew for each client, in three pieces. A client that
 * does not take what it is sent is sent nothing more until it has, and is then told from the log what it has missed.
 */
export class Client {
  readonly #response: ServerResponse;
  readonly #log: EventLog;
  readonly #waits: StreamStart['waits'];
  readonly #shared: Shared;
  #seen: string | undefined;
  /** What it has not taken yet. */
  #held: Frame | undefined;

  constructor(response: ServerResponse, log: EventLog, shared: Shared, { seen, waits }: StreamStart) {
    this.#response = response;
    this.#log = log;
    this.#shared = shared;
    this.#seen = seen;
    this.#waits = waits;
  }

  begin(first: readonly Frame[], spreadMs: number): void {
    // By itself, since Node keeps the head of an open answer: sent as one text it is one, and not the two dozen pieces it was made of.
    this.#response.flushHeaders();
    this.tell(this.#hint(spreadMs));
    this.#tellAll(first);
  }

  /** Tells a change, unless the client has not taken what came before: then the change waits in the log. */
  tell(frame: Frame): void {
    if (this.#held !== undefined) return;
    this.#write(frame);
    this.#await(frame);
  }

  /** A sign of life that says how to come back; whoever still has something to read needs none. */
  beat(spreadMs: number): void {
    this.tell(this.#hint(spreadMs));
  }

  /** Ends the stream in good order. */
  end(spreadMs: number): void {
    this.#response.end(this.#hint(spreadMs).plain);
  }

  cutOff(): void {
    this.#response.destroy();
  }

  /** Forgets what it holds. */
  close(): void {
    if (this.#held !== undefined) this.#shared.backlog.release(this.#held, this);
    this.#held = undefined;
  }

  #tellAll(frames: readonly Frame[]): void {
    for (const frame of frames) this.tell(frame);
  }

  #write({ plain, chunk, id }: Frame): void {
    const { socket, chunkedEncoding, writableEnded, writableLength } = this.#response;
    // What came behind the end would be taken for the next answer on the connection.
    if (writableEnded) return;
    // A request that came behind another one on its connection has no socket before it is its turn.
    if (socket === null && writableLength > maxWaiting) this.cutOff();
    else if (socket === null) this.#response.write(plain);
    else if (!socket.destroyed) socket.write(chunkedEncoding ? chunk : plain);
    this.#seen = id ?? this.#seen;
  }

  /** Where the client has not taken a frame, waits until it has. */
  #await(frame: Frame): void {
    const { socket } = this.#response;
    if (socket === null || socket.writableLength < socket.writableHighWaterMark) return;
    const { backlog, stalledMs } = this.#shared;
    this.#held = frame;
    // Node counts every byte that leaves as life, and destroys a socket that times out.
    socket.setTimeout(stalledMs);
    socket.once('drain', () => {
      socket.setTimeout(0);
      this.close();
      this.#tellAll(this.#log.after(this.#seen));
    });
    backlog.hold(frame, this);
  }

  #hint(spreadMs: number): Frame {
    return this.#waits === 'exactly' ? retryHint(waitWithin(spreadMs)) : sharedHint(spreadMs);
  }
}

let shared = retryHint(0);
let sharedMs = 0;

/** The hint, made once for all that are told the same. */
function sharedHint(ms: number): Frame {
  if (sharedMs !== ms) [shared, sharedMs] = [retryHint(ms), ms];
  return shared;
}
