import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { Socket } from 'node:net';
import type { Certificate } from './certificate.ts';

const patienceMs = 5000;
const sweepMs = 20;

/**
 * The time after which a client is cut off that neither sends its request on nor reads its
 * response, in milliseconds.
 */
const stalledMs = 30_000;

/**
 * How long an idle connection is kept, in milliseconds. The client should close it first: a request
 * that crosses the server's close fails. Clients read the time from `Keep-Alive`, and many proxies
 * keep connections for 60 s.
 */
const keepAliveMs = 75_000;

/** How long a client may go on sending a body after the response to it, in milliseconds. */
const lingerMs = 5000;

/** The number of pipelined requests that wait for their turn on one connection. */
const maxPipelined = 1000;

/** How a port is protected. */
export interface HttpPortOptions {
  /** Serves TLS with this certificate. Default: no TLS. */
  readonly certificate?: Certificate | undefined;
  /** The protocols that the port offers within TLS (ALPN). Default: HTTP/1.1. */
  readonly protocols?: readonly string[];
}

/** The time in which a client must have completed the handshake of TLS, in milliseconds. */
const handshakeMs = 30_000;

/**
 * A HTTP server that stops without breaking a request, and without waiting for idle connections.
 * Pipelined requests are served one after another: each response is in memory until the client has
 * read it, so a client that sends requests and reads nothing holds one response and no more.
 */
export class HttpPort {
  readonly server: Server | SecureServer;
  readonly #listener: RequestListener;
  /** Pipelined requests by their connection, behind the one that is served now. */
  readonly #pipelines = new WeakMap<Socket, Pipelined[]>();
  /** The requests under way by their connection. */
  readonly #requests = new WeakMap<Socket, IncomingMessage>();
  readonly #done: (this: ServerResponse) => void;
  #underWay = 0;

  constructor(listener: RequestListener, { certificate, protocols = ['http/1.1'] }: HttpPortOptions = {}) {
    this.#listener = listener;
    // One function for all: an open stream would keep a closure of its own alive.
    const done = ({ socket }: IncomingMessage): void => {
      this.#underWay -= 1;
      this.#requests.delete(socket);
      this.#serveNext(socket);
    };
    this.#done = function (this: ServerResponse): void {
      done(this.req);
    };
    const serve = (request: IncomingMessage, response: Pipelined['response']): void => {
      // A response has no socket as long as another one on its connection is not finished.
      if (response.socket === null) this.#enqueue(request, response);
      else this.#serve(request, response);
    };
    if (certificate === undefined) this.server = createServer(serve);
    else {
      const tls = {
        ...certificate.credentials,
        ALPNProtocols: [...protocols],
        handshakeTimeout: handshakeMs,
      };
      const secure = createSecureServer(tls, serve);
      certificate.onChange((credentials) => secure.setSecureContext(credentials));
      this.server = secure;
    }
    this.server.timeout = stalledMs;
    this.server.on('timeout', (socket: Socket) => {
      // A client that has sent its request and read all so far waits for this server, e.g. for a
      // write to a slow disk: its request must not fail.
      const waits = this.#requests.get(socket)?.complete === true && socket.writableLength === 0;
      if (!waits) socket.destroy();
    });
    this.server.keepAliveTimeout = keepAliveMs;
    this.#closeWithoutLoss(certificate === undefined ? 'connection' : 'secureConnection');
  }

  /** Takes no new connections, finishes the requests under way, and closes; waits at most 5 s. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    // Node counts a connection without a request as busy: browsers and undici open some ahead.
    const sweep = setInterval(() => this.#underWay === 0 && this.server.closeAllConnections(), sweepMs);
    const impatient = setTimeout(() => this.server.closeAllConnections(), patienceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(impatient);
  }

  /**
   * A connection that is closed while its client still sends a body, which was refused, is reset,
   * and the client loses the response. So the server ends its side alone, and drops the rest of the
   * body until the client has closed, too (RFC 9112, section 9.6).
   */
  #closeWithoutLoss(event: 'connection' | 'secureConnection'): void {
    const requests = this.#requests;
    const destroySoon = function (this: Socket): void {
      if (requests.get(this)?.complete !== false) {
        Socket.prototype.destroySoon.call(this);
        return;
      }
      this.end();
      const impatient = setTimeout(() => this.destroy(), lingerMs);
      this.once('close', () => clearTimeout(impatient));
    };
    // One function for all: an open stream would keep a closure of its own alive.
    this.server.on(event, (socket: Socket) => {
      socket.destroySoon = destroySoon;
    });
  }

  #serve(request: IncomingMessage, response: Pipelined['response']): void {
    this.#underWay += 1;
    this.#requests.set(request.socket, request);
    response.on('close', this.#done);
    this.#listener(request, response);
  }

  #enqueue(request: IncomingMessage, response: Pipelined['response']): void {
    const { socket } = request;
    const pipeline = this.#pipelines.get(socket) ?? [];
    this.#pipelines.set(socket, pipeline);
    if (pipeline.push({ request, response }) > maxPipelined) socket.destroy();
  }

  #serveNext(socket: Socket): void {
    const next = this.#pipelines.get(socket)?.shift();
    if (next === undefined) return;
    // In a turn of its own: hundreds of short requests in one packet must not delay other clients.
    setImmediate(() => {
      if (!socket.destroyed) this.#serve(next.request, next.response);
    });
  }
}

interface Pipelined {
  readonly request: IncomingMessage;
  readonly response: ServerResponse & { req: IncomingMessage };
}
