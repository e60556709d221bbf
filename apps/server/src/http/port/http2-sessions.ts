import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';

/** How long idle connections are kept, in milliseconds. */
export interface Http2SessionsOptions {
  /** The time until the first request. Default: 30 s. */
  readonly firstRequestMs?: number;
  /**
   * The time without open requests after which the client gets GOAWAY. Default: 10 minutes.
   */
  readonly idleMs?: number;
  /**
   * The time between pings, and the time until the client must have responded to one. Default: 30
   * s.
   */
  readonly pingMs?: number;
}

/** The state of one connection. */
interface Supervised {
  readonly openedAt: number;
  open: number;
  /** When the last request began or ended; undefined before the first one. */
  activeAt: number | undefined;
  pingedAt: number;
  unanswered: boolean;
}

const patienceMs = 5000;

/**
 * The connections of a server of HTTP/2. Closes those that send no request, or none for long, and
 * those whose client no longer responds to pings: half-open connections take descriptors for ever.
 */
export class Http2Sessions {
  readonly #sessions = new Map<ServerHttp2Session, Supervised>();
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  readonly #options: Required<Http2SessionsOptions>;

  constructor(server: Http2Server, options: Http2SessionsOptions = {}) {
    const { firstRequestMs = 30_000, idleMs = 600_000, pingMs = 30_000 } = options;
    this.#options = { firstRequestMs, idleMs, pingMs };
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('session', (session) => this.#add(session));
    // One timer for all connections.
    this.#timer = setInterval(() => this.#sweep(), Math.min(firstRequestMs, idleMs, pingMs) / 10);
    this.#timer.unref();
  }

  /** Sends GOAWAY to the clients, and waits at most 5 s for them to finish and to disconnect. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const closed = [...this.#sockets].map((socket) => new Promise((resolve) => socket.on('close', resolve)));
    for (const session of this.#sessions.keys()) session.close();
    const impatient = setTimeout(() => {
      // A session that is destroyed in good order still waits for its client.
      for (const socket of this.#sockets) socket.destroy();
    }, patienceMs);
    await Promise.all(closed);
    clearTimeout(impatient);
  }

  #add(session: ServerHttp2Session): void {
    const now = performance.now();
    const state: Supervised = {
      openedAt: now,
      open: 0,
      activeAt: undefined,
      pingedAt: now,
      unanswered: false,
    };
    this.#sessions.set(session, state);
    session.on('close', () => this.#sessions.delete(session));
    // A client that breaks the protocol loses its own session, and other clients must not notice.
    session.on('error', () => session.destroy());
    session.on('stream', (stream) => {
      state.open += 1;
      state.activeAt = performance.now();
      stream.on('close', () => {
        state.open -= 1;
        state.activeAt = performance.now();
      });
    });
  }

  #sweep(): void {
    const now = performance.now();
    const { firstRequestMs, idleMs, pingMs } = this.#options;
    for (const [session, state] of this.#sessions) {
      if (state.activeAt === undefined) {
        if (now - state.openedAt >= firstRequestMs) session.destroy();
      } else if (state.open === 0 && now - state.activeAt >= idleMs) session.close();
      if (session.closed || session.destroyed || now - state.pingedAt < pingMs) continue;
      if (state.unanswered) session.destroy();
      else this.#ping(session, state, now);
    }
  }

  #ping(session: ServerHttp2Session, state: Supervised, now: number): void {
    state.pingedAt = now;
    state.unanswered = true;
    session.ping(() => {
      state.unanswered = false;
    });
  }
}
