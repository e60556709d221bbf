import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';

/** A proxy that opens tunnels, on loopback. */
export interface Proxy {
  readonly port: number;
  readonly origin: string;
  /** The baggage that came with each request for a tunnel. */
  readonly baggage: (string | undefined)[];
  close(): void;
}

/** A proxy that responds to CONNECT. */
export async function openHttpProxy(): Promise<Proxy> {
  const baggage: (string | undefined)[] = [];
  const server = createHttpServer();
  server.on('connect', (request, socket) => {
    baggage.push(request.headers['baggage'] as string | undefined);
    const [host = '', port] = (request.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.pipe(socket);
      socket.pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  return proxyOf(server, baggage);
}

/** As much of SOCKS 5 (RFC 1928) as a connection to an IPv4 address takes. */
export async function openSocksProxy(): Promise<Proxy> {
  const baggage: undefined[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      socket.write(Buffer.from([5, 0]));
      socket.once('data', (wanted: Buffer) => {
        baggage.push(undefined);
        const target = connect(wanted.readUInt16BE(8), [...wanted.subarray(4, 8)].join('.'), () => {
          socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          target.pipe(socket);
          socket.pipe(target);
        });
        target.on('error', () => socket.destroy());
      });
    });
  });
  return proxyOf(server, baggage);
}

async function proxyOf(server: Server, baggage: (string | undefined)[]): Promise<Proxy> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, origin: `http://127.0.0.1:${port}`, baggage, close: () => void server.close() };
}
