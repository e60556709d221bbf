import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpProblem } from '../http/problem-details.ts';
import type { FlagStore } from '../store/flag-store.ts';
import { ChangeLog } from './change-log.ts';
import { heartbeat, retryHint } from './frame.ts';

const defaultHeartbeatS = 15;
const maxHeartbeatS = 60;
const retryMs = 1000;

/** A client that leaves more than this unread is cut off; it comes back and catches up. */
const maxUnread = 1_048_576;

/** Tells every connected client of every change: a snapshot first, or what it missed, then deltas. */
export class ChangeStream {
  readonly #log: ChangeLog;
  readonly #clients = new Set<ServerResponse>();

  constructor(store: FlagStore) {
    this.#log = new ChangeLog(store);
  }

  /** Serves one client until it goes. Query: `heartbeat`, in seconds. */
  connect(request: IncomingMessage, response: ServerResponse, query: { readonly heartbeat?: unknown }): void {
    const periodMs = readHeartbeat(query.heartbeat) * 1000;
    const applied = request.headers['last-event-id'];
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const send = (bytes: Buffer): void => {
      if (response.writableLength > maxUnread) response.destroy();
      else response.write(bytes);
    };
    response.write(retryHint(retryMs));
    response.write(this.#log.catchUp(typeof applied === 'string' ? applied : undefined));
    const unfollow = this.#log.follow(send);
    const beat = setInterval(() => send(heartbeat), periodMs);
    beat.unref();
    this.#clients.add(response);
    response.on('close', () => {
      clearInterval(beat);
      unfollow();
      this.#clients.delete(response);
    });
  }

  /** Ends every stream; the clients come back elsewhere, or here when the server is back. */
  close(): void {
    this.#log.close();
    for (const client of this.#clients) client.end();
  }
}

function readHeartbeat(value: unknown): number {
  if (value === undefined) return defaultHeartbeatS;
  const seconds = Number(value);
  if (seconds >= 1 && seconds <= maxHeartbeatS) return seconds;
  throw new HttpProblem(400, `heartbeat is ${JSON.stringify(value)}: use 1 to ${maxHeartbeatS} seconds`);
}
