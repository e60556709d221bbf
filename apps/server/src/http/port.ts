import { createServer, type RequestListener, type Server } from 'node:http';

const patienceMs = 5000;
const sweepMs = 20;

/** A HTTP server that can stop without breaking a request, nor waiting for connections that carry none. */
export class HttpPort {
  readonly server: Server;
  #underWay = 0;

  constructor(listener: RequestListener) {
    // One for all: an open stream would keep its own alive.
    const done = (): void => void (this.#underWay -= 1);
    this.server = createServer((request, response) => {
      this.#underWay += 1;
      response.on('close', done);
      listener(request, response);
    });
  }

  /** Takes no new connections, finishes the requests under way, and closes; after 5 s it does not wait any longer. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    // Node counts a connection that has not asked yet as busy: browsers and undici open some ahead.
    const sweep = setInterval(() => this.#underWay === 0 && this.server.closeAllConnections(), sweepMs);
    const impatient = setTimeout(() => this.server.closeAllConnections(), patienceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(impatient);
  }
}
