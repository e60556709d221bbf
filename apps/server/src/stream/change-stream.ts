import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpProblem } from '../http/problem-details.ts';
import type { Environments } from '../store/environments.ts';
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
  readonly #logs = new Map<FlagStore, ChangeLog>();
  readonly #clients = new Map<ServerResponse, FlagStore>();
  readonly #endings: ReadonlyArray<() => void>;

  constructor(environments: Environments) {
    this.#endings = [
      environments.onCreate((_name, store) => this.#logs.set(store, new ChangeLog(store))),
      environments.onRemove((_name, store) => this.#drop(store)),
    ];
  }

  /** Serves one client of an environment until it goes. Query: `heartbeat`, in seconds. */
  connect(
    request: IncomingMessage,
    response: ServerResponse,
    store: FlagStore,
    query: { readonly heartbeat?: unknown },
  ): void {
    const log = this.#logs.get(store);
    if (log === undefined) throw new HttpProblem(404, 'the environment has been removed');
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
    response.write(log.catchUp(typeof applied === 'string' ? applied : undefined));
    const unfollow = log.follow(send);
    const beat = setInterval(() => send(heartbeat), periodMs);
    beat.unref();
    this.#clients.set(response, store);
    response.on('close', () => {
      clearInterval(beat);
      unfollow();
      this.#clients.delete(response);
    });
  }

  /** Ends every stream; the clients come back elsewhere, or here when the server is back. */
  close(): void {
    for (const end of this.#endings) end();
    for (const store of this.#logs.keys()) this.#drop(store);
  }

  #drop(store: FlagStore): void {
    this.#logs.get(store)?.close();
    this.#logs.delete(store);
    for (const [client, followed] of this.#clients) if (followed === store) client.end();
  }
}

function readHeartbeat(value: unknown): number {
  if (value === undefined) return defaultHeartbeatS;
  const seconds = Number(value);
  if (seconds >= 1 && seconds <= maxHeartbeatS) return seconds;
  throw new HttpProblem(400, `heartbeat is ${JSON.stringify(value)}: use 1 to ${maxHeartbeatS} seconds`);
}
