import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy on loopback, whose network can be frozen, delayed, reset and cut. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #targetPort: number;
  #isFrozen = false;
  #isCut = false;
  #delayMs = 0;

  static async open(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      if (this.#isCut) {
        client.on('error', ignore).resetAndDestroy();
        return;
      }
      const target = connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true });
      this.#join(client, target);
      this.#join(target, client);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Forwards no byte, and ends no connection, until it is healed. */
  freeze(): void {
    this.#isFrozen = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Connects further clients to another port. */
  redirect(targetPort: number): void {
    this.#targetPort = targetPort;
  }

  /** Forwards each byte so much later. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Ends all connections with a reset. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Resets all connections, and refuses new ones until it is healed. */
  cut(): void {
    this.#isCut = true;
    this.reset();
  }

  /** Forwards as if nothing had happened. */
  heal(): void {
    this.#isFrozen = false;
    this.#isCut = false;
    this.#delayMs = 0;
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Forwards the bytes of one direction in their order, also when the delay changes. */
  #join(from: Socket, to: Socket): void {
    let last: Promise<unknown> = Promise.resolve();
    const forward = (write: () => void): void => {
      if (this.#delayMs === 0) {
        last = last.then(write);
        return;
      }
      const later = new Promise((resolve) => setTimeout(resolve, this.#delayMs));
      last = Promise.all([last, later]).then(write);
    };
    this.#sockets.add(from);
    from.on('data', (bytes) => forward(() => to.write(bytes)));
    from.once('end', () => forward(() => to.end()));
    from.on('error', () => to.resetAndDestroy());
    from.once('close', () => {
      this.#sockets.delete(from);
      if (from.destroyed && !from.readableEnded) to.destroy();
    });
    if (this.#isFrozen) from.pause();
  }
}

function ignore(): void {
  // The client has gone meanwhile.
}
