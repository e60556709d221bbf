import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HttpPort } from '../../src/http/port/http-port.ts';
import { inbox, type Inbox } from '../../../../test/support/inbox.ts';

type WriteBytes = (bytes: Uint8Array, done: (error?: Error | null) => void) => void;

let port: HttpPort;
/** The requests that the port has received, with their responses. */
let requests: Inbox<{ readonly request: IncomingMessage; readonly response: ServerResponse }>;
let listener: RequestListener;
let client: Socket;
let received: string;

beforeEach(async () => {
  requests = inbox();
  listener = (request, response) => requests.put({ request, response });
  port = new HttpPort((request, response) => listener(request, response));
  port.server.listen(0, '127.0.0.1');
  await once(port.server, 'listening');
  client = connect((port.server.address() as AddressInfo).port, '127.0.0.1');
  received = '';
  client.on('data', (chunk) => (received += chunk.toString('latin1')));
});
afterEach(async () => {
  client.destroy();
  await port.close();
});

describe('a connection on which nothing moves for long', () => {
  test('is kept while the server works on its request', async () => {
    client.write('PUT /flags/fees HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}');
    const { request, response } = await next();
    request.resume();
    await once(request, 'end');
    const quiet = once(request.socket, 'timeout');
    request.socket.setTimeout(1);
    await quiet;
    response.end('written');
    await expect.poll(() => received).toContain('written');
  });

  test('is closed while the client does not send its request on', async () => {
    client.write('PUT /flags/fees HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{');
    const { request } = await next();
    const closed = once(request.socket, 'close');
    request.socket.setTimeout(1);
    await closed;
  });

  test('is closed while the client does not read its response', async () => {
    client.pause();
    client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const { request, response } = await next();
    const closed = once(request.socket, 'close');
    response.end('x'.repeat(50_000_000));
    request.socket.setTimeout(1);
    await closed;
  });
});

describe('a client that closes after its request, and sends a body that is refused,', () => {
  const head = 'POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 8000000\r\n\r\n';

  test('has its response once it has sent all of the body', async () => {
    listener = (_request, response) => response.writeHead(413).end('too large');
    client.pause();
    client.write(head);
    const ended = once(client, 'end');
    for (let sent = 0; sent < 8; sent += 1) {
      await promisify(client.write.bind(client) as WriteBytes)(Buffer.alloc(1_000_000));
    }
    client.resume();
    await ended;
    expect(received).toMatch(/^HTTP\/1\.1 413 [^]*too large/);
  });

  test('is cut off where it goes on for long', async () => {
    listener = (request, response) => {
      requests.put({ request, response });
      response.writeHead(413).end();
    };
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      client.write(head);
      const { request } = await next();
      await once(client, 'end');
      const closed = once(request.socket, 'close');
      vi.advanceTimersByTime(5000);
      await closed;
    } finally {
      vi.useRealTimers();
    }
  });
});

test('pipelined requests are served in order, and other clients in between', async () => {
  const paths = Array.from({ length: 200 }, (_, index) => `/${index}`);
  let [served, turns] = [0, 0];
  const countTurns = (): void => {
    turns += 1;
    if (served < paths.length) setImmediate(countTurns);
  };
  listener = ({ url }, response) => {
    if (served === 0) setImmediate(countTurns);
    served += 1;
    response.end(`served ${url};`);
  };
  client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`).join(''));
  await expect.poll(() => received).toContain(`served ${paths.at(-1)};`);
  expect(received.match(/served \/\d+/g)).toEqual(paths.map((path) => `served ${path}`));
  expect(turns).toBeGreaterThan(paths.length / 2);
});

test('an idle connection outlives the time for which proxies keep theirs', async () => {
  client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const { response } = await next();
  response.end();
  await expect.poll(() => received).toContain('\r\n\r\n');
  const [, seconds] = /keep-alive: timeout=(\d+)/i.exec(received) ?? [];
  expect(Number(seconds)).toBeGreaterThan(60);
});

async function next(): Promise<{ readonly request: IncomingMessage; readonly response: ServerResponse }> {
  const [first] = await requests.take(1);
  if (first === undefined) throw new Error('there is no request');
  return first;
}
