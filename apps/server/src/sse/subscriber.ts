import type { ServerResponse } from 'node:http';
import type { Backlog } from '../backpressure/backlog.ts';
import type { StreamProtocol } from '../metrics/stream-metrics.ts';
import type { Principal } from '../tokens/principal.ts';
import { retryHint, type Frame } from './frame.ts';
import { waitWithin } from './reconnect-delay.ts';

/** The events of one subject, by their ids. */
export interface EventLog {
  /**
   * The events after this one; undefined has seen none. Empty if the event is the newest; a promise
   * while the log writes them.
   */
  after(id: string | undefined): readonly Frame[] | Promise<readonly Frame[]>;
}

/** How a stream begins, and how its client behaves. */
export interface StreamStart {
  /** The last event that the client has seen; undefined for a new client. */
  readonly seen: string | undefined;
  /** The first frames of the stream. */
  readonly first: readonly Frame[];
  /** The period of heartbeats, in seconds. */
  readonly heartbeatS: number;
  /**
   * How the client waits after `retry:`. An EventSource waits exactly that long (HTML standard,
   * section 9.2.3), so each one gets another value. Graylane's provider waits a random part of it,
   * so that all get the same.
   */
  readonly waits: 'exactly' | 'up to';
  readonly protocol: StreamProtocol;
  /** Further headers of the response. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The sender of the request: the stream ends when it loses its access. */
  readonly principal: Principal;
}

/** The state that all subscribers of a server share. */
export interface Shared {
  readonly backlog: Backlog;
  /** The time after which a subscriber that reads nothing is cut off, in milliseconds. */
  readonly stalledMs: number;
}

/** The bytes that may wait for a request's turn on its connection. */
const maxWaiting = 1_048_576;

/**
 * One open stream. Frames are written to the socket directly: a response would frame them anew for
 * each client, in three pieces. A client that does not read is sent nothing more until it has read
 * everything; then it gets what it missed from the log.
 */
export class Subscriber {
  readonly principal: Principal;
  readonly #response: ServerResponse;
  readonly #log: EventLog;
  readonly #waits: StreamStart['waits'];
  readonly #shared: Shared;
  #seen: string | undefined;
  /** The frame that the client has not read yet. */
  #held: Frame | undefined;
  /** Whether it waits for frames that the log is still writing. */
  #waiting = false;

  constructor(
    response: ServerResponse,
    log: EventLog,
    shared: Shared,
    { seen, waits, principal }: StreamStart,
  ) {
    this.principal = principal;
    this.#response = response;
    this.#log = log;
    this.#shared = shared;
    this.#seen = seen;
    this.#waits = waits;
  }

  begin(first: readonly Frame[], spreadMs: number): void {
    // Heartbeats show that the stream is alive; a port's time limit for responses does not apply.
    this.#response.socket?.setTimeout(0);
    // Flush the headers separately: Node keeps the header string as long as the response is open,
    // and flushing flattens the rope of about 24 substrings.
    this.#response.flushHeaders();
    this.send(this.#hint(spreadMs));
    this.#sendAll(first);
  }

  /** Sends a frame. If the client still has to read an earlier one, the frame waits in the log. */
  send(frame: Frame): void {
    if (this.#held !== undefined || this.#waiting) return;
    this.#write(frame);
    this.#holdUntilRead(frame);
  }

  /**
   * Sends a heartbeat with the delay for reconnecting, unless the client has something left to
   * read.
   */
  beat(spreadMs: number): void {
    this.send(this.#hint(spreadMs));
  }

  /** Ends the stream in good order. */
  end(spreadMs: number): void {
    this.#response.end(this.#hint(spreadMs).plain);
  }

  cutOff(): void {
    this.#response.destroy();
  }

  /** Releases the frame that the client has not read. */
  close(): void {
    if (this.#held !== undefined) this.#shared.backlog.release(this.#held.chunk, this);
    this.#held = undefined;
  }

  /** Sends what the client has missed; while the log writes it, later frames wait there. */
  async #catchUp(): Promise<void> {
    let missed = this.#log.after(this.#seen);
    while (missed instanceof Promise) {
      this.#waiting = true;
      await missed;
      this.#waiting = false;
      if (this.#response.destroyed) return;
      missed = this.#log.after(this.#seen);
    }
    this.#sendAll(missed);
  }

  #sendAll(frames: readonly Frame[]): void {
    for (const frame of frames) this.send(frame);
  }

  #write({ plain, chunk, id }: Frame): void {
    const { socket, chunkedEncoding, writableEnded, writableLength } = this.#response;
    // Bytes after the end would be taken for the next response on the connection.
    if (writableEnded) return;
    // A pipelined request has no socket before its turn.
    if (socket === null && writableLength > maxWaiting) this.cutOff();
    else if (socket === null) this.#response.write(plain);
    else if (!socket.destroyed) socket.write(chunkedEncoding ? chunk : plain);
    this.#seen = id ?? this.#seen;
  }

  /** If the client has not read the frame, waits until it has. */
  #holdUntilRead(frame: Frame): void {
    const { socket } = this.#response;
    if (socket === null || socket.writableLength < socket.writableHighWaterMark) return;
    const { backlog, stalledMs } = this.#shared;
    this.#held = frame;
    // Node resets the timer with every byte that leaves, and destroys a socket that times out.
    socket.setTimeout(stalledMs);
    socket.once('drain', () => {
      socket.setTimeout(0);
      this.close();
      void this.#catchUp();
    });
    backlog.hold(frame.chunk, this);
  }

  #hint(spreadMs: number): Frame {
    return this.#waits === 'exactly' ? retryHint(waitWithin(spreadMs)) : sharedHint(spreadMs);
  }
}

let shared = retryHint(0);
let sharedMs = 0;

/** The hint, made once for all clients that get the same. */
function sharedHint(ms: number): Frame {
  if (sharedMs !== ms) [shared, sharedMs] = [retryHint(ms), ms];
  return shared;
}
