// Whoever is called, and whoever calls from outside, without the instrumented libraries: plain
// sockets and HTTP/2 frames.
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import http2 from 'node:http2';
import { text } from 'node:stream/consumers';

/** What arrived so far: the values of each header of interest, one for each on the wire. */
export const received = [];

/** A server for HTTP/1.1 requests without a body. It redirects to `location`, if there is one. */
export async function listen(location) {
  const head = location === undefined ? '200 OK' : `302 Found\r\nLocation: ${location}`;
  const server = createServer((socket) => {
    let unread = '';
    socket.setEncoding('latin1').on('error', () => {});
    socket.on('data', (chunk) => {
      unread += chunk;
      for (let end = unread.indexOf('\r\n\r\n'); end >= 0; end = unread.indexOf('\r\n\r\n')) {
        const lines = unread.slice(0, end).split('\r\n').slice(1);
        unread = unread.slice(end + 4);
        put(
          lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
        );
        socket.write(`HTTP/1.1 ${head}\r\nContent-Length: 2\r\n\r\nok`);
      }
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** A friend, a friend that redirects to a stranger, and the stranger. */
export async function listenAll() {
  const [friend, stranger] = [await listen(), await listen()];
  const away = await listen(stranger.origin);
  return { friend, stranger, away, close: () => [friend, stranger, away].forEach((one) => one.close()) };
}

/** A request by hand; answers with the body. */
export async function call(port, headers) {
  const socket = connect(port, '127.0.0.1');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines.join('')}\r\n`);
  const answer = await text(socket);
  return answer
    .slice(answer.indexOf('\r\n\r\n') + 4)
    .replaceAll(/^[\da-f]+\r\n|\r\n(?:0\r\n)?(?:\r\n)?/gm, '');
}

/** A gRPC server of any method, that answers with an empty message. */
export async function listenGrpc() {
  const server = http2.createServer();
  server.on('stream', (stream, _headers, _flags, raw) => {
    put(raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1]]] : [])));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { port: server.address().port, close: () => server.close() };
}

/** A unary call by hand; answers with the message as text. */
export async function callGrpc(port, path, headers) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.end(Buffer.from([0, 0, 0, 0, 1, 0x21]));
  const answer = Buffer.concat(await stream.toArray());
  session.close();
  return String(answer.subarray(5));
}

/** Notes the headers of interest of one request, call or message. */
export function put(pairs) {
  const of = (name) => pairs.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  received.push({ baggage: of('baggage'), traceparent: of('traceparent').length });
}
