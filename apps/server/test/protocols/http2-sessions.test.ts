import { once } from 'node:events';
import { createServer as createHttp1Server } from 'node:http';
import { connect, createServer, type ClientHttp2Session, type Http2Server } from 'node:http2';
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { serveHttp2 } from '../../src/http/port/http2.ts';
import { Http2Sessions, type Http2SessionsOptions } from '../../src/http/port/http2-sessions.ts';

const never = 1_000_000;

let server: Http2Server;
let sessions: Http2Sessions;
let clients: Array<ClientHttp2Session | Socket> = [];

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await sessions.close();
  server.close();
});

test('a connection without a request is closed', async () => {
  const client = await start({ firstRequestMs: 100, idleMs: never, pingMs: never });
  await once(client, 'close');
});

test('a connection without open requests gets GOAWAY', async () => {
  const client = await start({ firstRequestMs: never, idleMs: 100, pingMs: never });
  await request(client);
  await once(client, 'goaway');
});

test('a connection with an open request stays, as long as its client responds to pings', async () => {
  const client = await start({ firstRequestMs: 50, idleMs: 50, pingMs: 50 });
  const stream = client.request({ ':path': '/open' });
  await once(stream, 'response');
  let pings = 0;
  client.on('ping', () => (pings += 1));
  await expect.poll(() => pings, { timeout: 30_000 }).toBeGreaterThan(4);
  expect(client.closed).toBe(false);
});

test('a connection whose client no longer responds to pings is closed', async () => {
  await start({ firstRequestMs: never, idleMs: never, pingMs: 100 });
  const socket = connectTcp((server.address() as AddressInfo).port, '127.0.0.1');
  clients.push(socket);
  // The connection preface, empty SETTINGS, and then nothing more.
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  socket.resume();
  await once(socket, 'close');
});

test('does not wait forever for a client that keeps its side open', async () => {
  await start({ firstRequestMs: never, idleMs: never, pingMs: never });
  const socket = connectTcp({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    allowHalfOpen: true,
  });
  clients.push(socket);
  socket.on('error', () => {});
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  await once(socket, 'data');
  await sessions.close();
});

test('a connection that sends nothing, or one byte and no more, is closed', async () => {
  const http1 = createHttp1Server();
  await start({});
  serveHttp2(http1, server, 100);
  await once(http1.listen(0, '127.0.0.1'), 'listening');
  for (const bytes of ['', 'P']) {
    const socket = connectTcp((http1.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    clients.push(socket);
    socket.write(bytes);
    await once(socket, 'close');
  }
  http1.close();
});

async function start(options: Http2SessionsOptions): Promise<ClientHttp2Session> {
  server = createServer((call, response) => {
    response.writeHead(200);
    if (call.url === '/open') response.write('open');
    else response.end('done');
  });
  sessions = new Http2Sessions(server, options);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on('error', () => {});
  clients.push(client);
  await once(client, 'connect');
  return client;
}

async function request(client: ClientHttp2Session): Promise<void> {
  const stream = client.request({ ':path': '/' });
  stream.resume();
  await once(stream, 'close');
}
