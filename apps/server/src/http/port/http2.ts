import type { Server } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';

/** How long a connection may take to send its first bytes, in milliseconds. */
const firstBytesMs = 30_000;

/**
 * The beginning of HTTP/2's connection preface (RFC 9113, section 3.4); no method of HTTP/1.1
 * begins so.
 */
const preface = Buffer.from('PRI');

/**
 * Lets a server of HTTP/1.1 serve HTTP/2 without TLS and with prior knowledge (h2c) on the same
 * port: the first bytes of a connection decide. Must be called before other listeners for
 * connections are added.
 */
export function serveHttp2(server: Server, http2: Http2Server, patienceMs: number = firstBytesMs): void {
  const [serveHttp1] = server.listeners('connection') as Array<(this: Server, socket: Socket) => void>;
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const giveUp = (): void => void socket.destroy();
    socket.setTimeout(patienceMs, giveUp);
    // The protocols' own listeners follow; until then an error means that the client is gone.
    const ignore = (): void => {};
    socket.on('error', ignore);
    readPreface(socket, (isHttp2) => {
      socket.setTimeout(0);
      socket.off('timeout', giveUp);
      socket.off('error', ignore);
      if (isHttp2) http2.emit('connection', socket);
      else {
        serveHttp1?.call(server, socket);
        socket.resume();
      }
    });
  });
}

/** Reads until it is clear whether a connection speaks HTTP/2, and puts the bytes back. */
function readPreface(socket: Socket, decide: (isHttp2: boolean) => void): void {
  const received: Buffer[] = [];
  const read = (chunk: Buffer): void => {
    received.push(chunk);
    const bytes = received.length === 1 ? chunk : Buffer.concat(received);
    const start = bytes.subarray(0, preface.length);
    const matches = preface.subarray(0, start.length).equals(start);
    if (matches && start.length < preface.length) return;
    socket.off('data', read);
    socket.pause();
    socket.unshift(bytes);
    decide(matches);
  };
  socket.on('data', read);
}
