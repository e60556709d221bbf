import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { inbox, type Inbox } from '../../../../test/support/inbox.ts';

/** One request, as a server that isn't ours received it. */
export interface Received {
  readonly method: string;
  readonly path: string;
  /** The values of its `baggage` headers, one for each line on the wire. */
  readonly baggage: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server that writes down what it receives. */
export interface Listener {
  readonly origin: string;
  readonly received: Inbox<Received>;
  close(): Promise<void>;
}

/**
 * Starts a listener. It responds with 200, except to `/to/…`, which redirects to what follows
 * (encoded), `/status/…`, `/drip` (a body in pieces), `/flaky` (503 the first time) and `/never`.
 */
export async function listen(): Promise<Listener> {
  const received = inbox<Received>();
  let flaky = 0;
  const answer = (path: string, response: ServerResponse): unknown => {
    const [, kind, argument = ''] = path.split('/');
    switch (kind) {
      case 'never':
        return undefined;
      case 'to':
        return response.writeHead(302, { location: decodeURIComponent(argument) }).end();
      case 'status':
        return response.writeHead(Number(argument)).end('as asked');
      case 'flaky':
        return flaky++ % 2 === 0 ? response.writeHead(503).end('try again') : response.end('ok');
      case 'drip':
        response.write('drip');
        return setTimeout(() => response.end(' drop'), 5);
      default:
        return response.end('ok');
    }
  };
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request;
    void text(request).then(
      (body) => {
        received.put({ method, path, baggage: linesOf(request, 'baggage'), headers, body });
        answer(path, response);
      },
      // The caller went away before its body had come.
      () => response.destroy(),
    );
  });
  const origin = await originOf(server);
  return { origin, received, close: () => closeServer(server) };
}

/** Serves a listener or an application on a free port of loopback. */
export async function serve(
  handler: RequestListener,
): Promise<{ origin: string; server: Server; close(): Promise<void> }> {
  const server = createServer(handler);
  return { origin: await originOf(server), server, close: () => closeServer(server) };
}

async function originOf(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}`;
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

/** One request by hand with this header line; returns the whole response. */
export async function exchange(origin: string, line: Buffer): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  // A server that refuses a header may close before it has read it all.
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n');
  socket.write(line);
  socket.write('\r\n');
  return text(socket).catch(() => 'HTTP/1.1 431 closed while it was sent');
}

function linesOf({ rawHeaders }: IncomingMessage, name: string): string[] {
  return rawHeaders.filter(
    (_part, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name,
  );
}
