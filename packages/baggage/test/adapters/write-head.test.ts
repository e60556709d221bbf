import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageListener } from '@graylane/baggage/http';
import express from 'express';
import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { exchange, serve } from './http-listener.ts';

type Call = (response: ServerResponse) => unknown;

const options = { ingress: { mode: 'accept', keys: ['lane'] } } as const;
const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

/**
 * Calls of `writeHead` that JavaScript allows in spite of the types; some of them throw in Node.
 */
const argumentLists: ReadonlyArray<readonly unknown[]> = [
  [200],
  [204, 'Nothing Here'],
  [201, { 'X-A': '1', 'content-type': 'text/x' }],
  [201, 'Made', { 'X-A': '1' }],
  [201, undefined, { 'X-A': '1', Location: '/there' }],
  [201, null, { 'X-A': '1' }],
  [201, { 'X-A': '1' }, undefined],
  [201, { 'X-A': '1' }, null],
  [201, { 'X-A': '1' }, { 'X-B': '2' }],
  [201, 'Made', undefined],
  [201, 'Made', null],
  [201, undefined],
  [201, null],
  [201, '', { 'X-A': '1' }],
  [201, ['X-A', '1', 'X-B', '2']],
  [201, 'Made', ['X-A', '1', 'x-a', '2']],
  [201, undefined, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']],
  [
    201,
    [
      ['X-A', '1'],
      ['X-B', '2'],
    ],
  ],
  [201, { 'Set-Cookie': ['a=1', 'b=2'], 'X-Number': 7 }],
  [201, []],
  [201, {}],
  [201, new Headers({ 'X-A': '1' })],
  [201, new Map([['X-A', '1']])],
  [201, Object.create({ 'X-Inherited': '1' })],
  [201, ['X-A', '1', 'X-B']],
  [201, { 'X-A': undefined }],
  [201, { 'X A': '1' }],
  [201, { 'X-A': 'a\r\nb' }],
  [99],
  ['201', { 'X-A': '1' }],
];

const calls: ReadonlyArray<readonly [string, Call]> = [
  ...argumentLists.map((args) => [describeCall(args), writeHead(args)] as const),
  ...argumentLists
    .filter((args) => !isMixedUp(args))
    .map(
      (args) =>
        [
          `setHeader, ${describeCall(args)}`,
          (response: ServerResponse) => {
            response.setHeader('X-A', 'before').setHeader('X-Kept', 'kept');
            return writeHead(args)(response);
          },
        ] as const,
    ),
  ['setHeaders(Headers)', (response) => response.setHeaders(new Headers({ 'X-A': '1' })).writeHead(201)],
  ['setHeaders(Map)', (response) => response.setHeaders(new Map([['X-A', '1']])).writeHead(201)],
  ['appendHeader', (response) => response.appendHeader('X-A', '1').appendHeader('X-A', '2').writeHead(201)],
  ['no writeHead', (response) => response.setHeader('X-A', '1')],
];

describe.each<
  readonly [string, (handler: RequestListener) => RequestListener, (h: RequestListener) => RequestListener]
>([
  ['node:http', (handler) => handler, (handler) => baggageListener(options, handler)],
  [
    'express',
    (handler) => express().disable('x-powered-by').use(handler),
    (handler) => express().disable('x-powered-by').use(baggageMiddleware(options), handler),
  ],
])('a response of %s is as without us', (_name, bare, wrap) => {
  test.each(calls)('%s', async (_call, call) => {
    expect(await headOf(wrap, call)).toEqual(await headOf(bare, call));
  });
});

test('a response of HTTP/2 is as without us, wherever Node takes the arguments', async () => {
  let taken = 0;
  for (const [name, call] of calls) {
    const bare = await http2HeadOf((handler) => handler, call);
    if (bare[':status'] === 500) continue;
    taken += 1;
    const ours = await http2HeadOf((handler) => baggageListener(options, handler), call);
    expect({ name, ...ours }).toEqual({ name, ...bare });
  }
  expect(taken).toBeGreaterThan(20);
});

/**
 * Node 20 loses repeated names of an array, and refuses pairs, where headers were set before; the
 * newest sends them.
 */
function isMixedUp(args: readonly unknown[]): boolean {
  const array = args.find((value) => Array.isArray(value)) as unknown[] | undefined;
  const names = array?.filter((_part, index) => index % 2 === 0).map((name) => String(name).toLowerCase());
  return Array.isArray(array?.[0]) || new Set(names).size !== (names?.length ?? 0);
}

function writeHead(args: readonly unknown[]): Call {
  return (response) => (response.writeHead as (...given: unknown[]) => unknown).apply(response, [...args]);
}

function handlerOf(call: Call): RequestListener {
  return (_request, response) => {
    response.sendDate = false;
    try {
      call(response);
    } catch (error) {
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      response.statusCode = 500;
      response.statusMessage = 'Failed';
      response.end(String((error as NodeJS.ErrnoException).code));
      return;
    }
    response.end('body');
  };
}

/** The head and the body, the headers in alphabetical order, without those that name the lane. */
async function headOf(wrap: (handler: RequestListener) => RequestListener, call: Call): Promise<unknown> {
  const server = await serve(wrap(handlerOf(call)));
  closing.push(server);
  const [head = '', body] = (await exchange(server.origin, Buffer.from(''))).split('\r\n\r\n');
  const [status, ...lines] = head.split('\r\n');
  const headers = lines.map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase()));
  return [status, headers.filter((line) => !/^(?:graylane-lane|vary):/.test(line)).toSorted(), body];
}

async function http2HeadOf(
  wrap: (handler: RequestListener) => RequestListener,
  call: Call,
): Promise<Record<string, unknown>> {
  const server = createHttp2Server(wrap(handlerOf(call)) as never);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const stream = session.request();
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  session.close();
  server.close();
  stream.resume();
  const { 'graylane-lane': _lane, vary: _vary, ...others } = headers;
  return JSON.parse(JSON.stringify(others)) as Record<string, unknown>;
}

function describeCall(args: readonly unknown[]): string {
  const described = args.map((value) =>
    value instanceof Headers || value instanceof Map
      ? value.constructor.name
      : (JSON.stringify(value) ?? 'undefined'),
  );
  return `writeHead(${described.join(', ')})`;
}
