import type { Server } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { Server as TlsServer, type TLSSocket } from 'node:tls';

/** How long a connection may take to send its first bytes, in milliseconds. */
const firstBytesMs = 30_000;

/**
 * The beginning of HTTP/2's connection preface (RFC 9113, section 3.4); no method of HTTP/1.1
 * begins so.
 */
const preface = Buffer.from('PRI');

/**
 * Lets a server of HTTP/1.1 serve HTTP/2 on the same port. Within TLS the handshake decides (ALPN),
 * else the first bytes of a connection. Must be called before other listeners for connections are
 * added.
 */
export function serveHttp2(
  server: Server | SecureServer,
  http2: Http2Server,
  patienceMs: number = firstBytesMs,
): void {
  if (server instanceof TlsServer) serveHttp2InTls(server, http2);
  else serveH2c(server, http2, patienceMs);
}

function serveHttp2InTls(server: TlsServer, http2: Http2Server): void {
  const [serveHttp1] = server.listeners('secureConnection') as Array<
    (this: TlsServer, socket: TLSSocket) => void
  >;
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') http2.emit('connection', socket);
    else serveHttp1?.call(server, socket);
  });
}

/**
 * Lets a server of HTTP/1.1 serve HTTP/2 without TLS and with prior knowledge (h2c) on the same
 * port: the first bytes of a connection decide.
 */
function serveH2c(server: Server, http2: Http2Server, patienceMs: number): void {
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
