import { readFileSync } from 'node:fs';
import type { RequestListener, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { UrlSource, type UrlSourceOptions } from '@graylane/source';
import { afterEach, describe, expect, test } from 'vitest';
import { recorder } from './support/recorder.ts';
import { serve, serveSecurely, type Served } from './support/serve.ts';

const snapshot = `event: snapshot\nid: 1\ndata: {"revision":"1","document":{"flags":{}}}\n\n`;
const delta = (revision: number): string =>
  `event: delta\nid: ${revision}\ndata: {"revision":"${revision}","flags":{}}\n\n`;
const eventStream = { 'content-type': 'text/event-stream' };
let server: Served;
let source: UrlSource | undefined;

afterEach(async () => {
  source?.close();
  await server.close();
});

describe('delivers', () => {
  test('a snapshot, then each change, and reconnects with the last revision', async () => {
    const seen: unknown[] = [];
    server = await serve((request, response) => {
      seen.push(request.headers['last-event-id']);
      response.writeHead(200, eventStream);
      if (seen.length === 1) {
        response.write(snapshot);
        response.end('event: delta\nid: 2\ndata: {"revision":"2","flags":{"a":null}}\n\n');
      } else response.write('event: current\ndata: {"revision":"2"}\n\n');
    });
    expect(await hear({}, 6)).toEqual([
      'update 1 {"flags":{}}',
      'live',
      'change 2 {"flags":{"a":null}}',
      'live',
      `stale: the flag server at ${server.url} ended the stream`,
      'live',
    ]);
    expect(seen).toEqual([undefined, '2']);
  });

  test('the next event only when the change before it is in force', async () => {
    server = await serve((_request, response) => {
      response.writeHead(200, eventStream);
      response.write(`${snapshot}${delta(2)}${delta(3)}`);
    });
    const { sink, heard } = recorder();
    const pending: Array<(isApplied: boolean) => void> = [];
    source = new UrlSource({ url: server.url });
    source.start({
      ...sink,
      change: (change, revision) => {
        void sink.change(change, revision);
        return new Promise((resolve) => pending.push(resolve));
      },
    });
    expect(await heard.take(3)).toEqual(['update 1 {"flags":{}}', 'live', 'change 2 {"flags":{}}']);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(heard.all).toHaveLength(3);
    pending[0]?.(true);
    expect((await heard.take(5)).slice(3)).toEqual(['live', 'change 3 {"flags":{}}']);
    pending[1]?.(false);
    const refused = `stale: the flag server at ${server.url} sent flags that can't be read`;
    expect((await heard.take(6)).slice(5)).toEqual([refused]);
  });

  test('the requested environment, for its token, uncompressed', async () => {
    const seen: unknown[] = [];
    server = await serve(({ url, headers }, response) => {
      seen.push(url, headers);
      response.writeHead(200, eventStream).write(snapshot);
    });
    await hear({ url: `${server.url}/flags`, environment: 'a/b', token: 'gl_1' }, 2);
    expect(seen).toEqual([
      '/flags/api/v1/environments/a%2Fb/stream?heartbeat=1',
      expect.objectContaining({ authorization: 'Bearer gl_1', 'accept-encoding': 'identity' }),
    ]);
  });

  test('everything again after it was closed and started again', async () => {
    const seen: unknown[] = [];
    server = await serve((request, response) => {
      seen.push(request.headers['last-event-id']);
      response.writeHead(200, eventStream).write(snapshot);
    });
    source = new UrlSource({ url: server.url });
    for (const _round of [1, 2]) {
      const { sink, heard } = recorder();
      source.start(sink);
      expect(await heard.take(2)).toEqual(['update 1 {"flags":{}}', 'live']);
      source.close();
    }
    expect(seen).toEqual([undefined, undefined]);
  });
});

describe('an address that is no flag server is reported with the remedy', () => {
  const problem = { 'content-type': 'application/problem+json; charset=utf-8' };
  const html = { 'content-type': 'text/html; charset=utf-8' };
  const wrongAddress = 'check that source.url is the address of a graylane flag server';
  const cases: [string, RequestListener, string][] = [
    [
      'an HTML page',
      (_request, response) => response.writeHead(200, html).end('<h1>Log in</h1>'),
      `stale: … responded with text/html; charset=utf-8, perhaps the login page of a proxy, not text/event-stream: ${wrongAddress}`,
    ],
    [
      'a body without a type',
      (_request, response) => response.end('hello'),
      `stale: … responded with no content type, not text/event-stream: ${wrongAddress}`,
    ],
    [
      'a compressed stream',
      (_request, response) =>
        response.writeHead(200, { ...eventStream, 'content-encoding': 'gzip' }).end(gzipSync(snapshot)),
      'stale: … responded with content-encoding gzip, which hides how much data is on its way: switch compression off in the proxy before it',
    ],
    [
      'a redirect',
      (_request, response) => response.writeHead(302, { location: 'https://login.example/?token=1' }).end(),
      'stale: … responded with 302: redirects are not followed; set source.url to where it leads (https://login.example)',
    ],
    [
      'a missing page',
      (_request, response) => response.writeHead(404, html).end('<h1>Not found</h1>'),
      `stale: … responded with 404: ${wrongAddress}`,
    ],
    [
      'an unknown environment',
      (_request, response) => response.writeHead(404, problem).end('{"detail":"there is no\\n environment"}'),
      'stale: … responded with 404: there is no environment',
    ],
    [
      'a broken problem',
      (_request, response) => response.writeHead(503, problem).end('{"detail":'),
      'stale: … responded with 503',
    ],
    [
      'a problem without an end',
      (_request, response) => flood(response.writeHead(503, problem), 'x'.repeat(10_000)),
      'stale: … responded with 503',
    ],
    [
      'no token',
      (_request, response) => response.writeHead(401, problem).end('{"detail":"no"}'),
      'refused: … responded with 401: set source.token to a token with the scope definitions',
    ],
    [
      'a switch of protocols',
      (request, _response) =>
        request.socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      'stale: … closed the connection without a response',
    ],
    [
      'another protocol',
      (request, _response) => request.socket.write('220 smtp.example ESMTP\r\n'),
      'stale: … sent no valid HTTP response (HPE_INVALID_CONSTANT)',
    ],
    [
      'headers without an end',
      (request, _response) => {
        request.socket.on('error', () => {});
        request.socket.write(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(100_000)}`);
      },
      'stale: … sent no valid HTTP response (HPE_HEADER_OVERFLOW)',
    ],
    [
      'an event without an end',
      (_request, response) => flood(response.writeHead(200, eventStream), 'x'.repeat(10_000)),
      'stale: … sent an event of more than 100000 bytes: raise source.maxEventBytes if its flags are that large',
    ],
    [
      'an event that is not JSON',
      (_request, response) => response.writeHead(200, eventStream).write('data: hello\n\n'),
      'stale: … sent an event that is not JSON',
    ],
    [
      'an event that is null',
      (_request, response) => response.writeHead(200, eventStream).write('data: null\n\n'),
      'stale: … sent an event that is not a JSON object',
    ],
    [
      'a change before any flags',
      (_request, response) =>
        response.writeHead(200, eventStream).write('event: delta\ndata: {"revision":"2","flags":{}}\n\n'),
      'stale: … sent a change before any flags',
    ],
  ];

  test.each(cases)('%s', async (_case, listener, expected) => {
    server = await serve(listener);
    const [first = ''] = await hear({ maxEventBytes: 100_000 }, 1);
    expect(first.replace(`the flag server at ${server.url}`, '…')).toBe(expected);
  });

  test.each([
    [401, 'source.token is unknown, expired or revoked: create a new token'],
    [403, 'source.token may not read this environment: use one with the scope definitions'],
  ])('a token that yields %i', async (status, remedy) => {
    server = await serve((_request, response) => void response.writeHead(status).end());
    expect(await hear({ token: 'gl_1' }, 1)).toEqual([
      `refused: the flag server at ${server.url} responded with ${status}: ${remedy}`,
    ]);
  });
});

test('a redirect takes the token nowhere', async () => {
  const elsewhere: unknown[] = [];
  const other = await serve((request, response) => {
    elsewhere.push(request.headers);
    response.end();
  });
  try {
    server = await serve((_request, response) => response.writeHead(307, { location: other.url }).end());
    await hear({ token: 'gl_1' }, 2);
    expect(elsewhere).toEqual([]);
  } finally {
    await other.close();
  }
});

test('an event without an end costs little more than the bound', async () => {
  let written = 0;
  server = await serve((_request, response) => {
    written = 0;
    flood(response.writeHead(200, eventStream), 'x'.repeat(65_536), (bytes) => (written += bytes));
  });
  await hear({ maxEventBytes: 1_000_000 }, 1);
  // The kernel's buffers hold a few more megabytes.
  expect(written).toBeLessThan(50_000_000);
});

describe('https', () => {
  const read = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
  const credentials = { key: read('server-key.pem'), cert: read('server.pem') };
  const listener: RequestListener = (_request, response) =>
    void response.writeHead(200, eventStream).write(snapshot);

  test('trusts the authority of source.ca', async () => {
    server = await serveSecurely(listener, credentials);
    expect(await hear({ ca: read('ca.pem') }, 2)).toEqual(['update 1 {"flags":{}}', 'live']);
  });

  test('names source.ca if the authority is unknown', async () => {
    server = await serveSecurely(listener, credentials);
    expect(await hear({}, 1)).toEqual([
      `stale: the flag server at ${server.url} can't be reached (UNABLE_TO_VERIFY_LEAF_SIGNATURE): ` +
        "set source.ca to its authority's certificate in PEM",
    ]);
  });
});

async function hear(options: Partial<UrlSourceOptions>, count: number): Promise<string[]> {
  source = new UrlSource({ url: server.url, ...options });
  const { sink, heard } = recorder();
  source.start(sink);
  return heard.take(count);
}

/** Writes until the client is gone. */
function flood(response: ServerResponse, chunk: string, onWrite: (bytes: number) => void = () => {}): void {
  const write = (): void => {
    while (!response.destroyed) {
      onWrite(chunk.length);
      if (!response.write(chunk)) return;
    }
  };
  response.on('drain', write);
  write();
}
