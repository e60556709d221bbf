import { baggageRequest } from '@graylane/baggage/http';
import { once } from 'node:events';
import http, { Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { parse } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inbox } from '../../../../test/support/inbox.ts';
import { laneNow } from './egress-contract.ts';
import { listen, type Listener } from './http-listener.ts';
import { inRequest } from './in-request.ts';

type Request = (...args: unknown[]) => ClientRequest;

let orders: Listener;
let parts: { host: string; hostname: string; port: string };

beforeAll(async () => {
  orders = await listen();
  const { hostname, port } = new URL(orders.origin);
  parts = { host: hostname, hostname, port };
});
afterAll(() => orders.close());

const headers = { 'x-tenant': 'acme' };
/** A URL of another implementation, as jsdom and whatwg-url have. */
const foreign = (url: string): unknown => {
  const { href, protocol, hostname, port, pathname, search, hash } = new URL(url);
  return { href, protocol, hostname, port, pathname, search, hash, toString: () => href };
};

/** The arguments before the callback. */
const signatures: Readonly<Record<string, () => readonly unknown[]>> = {
  '(string)': () => [`${orders.origin}/a?b=c`],
  '(URL)': () => [new URL(`${orders.origin}/a?b=c`)],
  '(URL with a name and a password)': () => [orders.origin.replace('http://', 'http://ada:secret@')],
  '(URL of another implementation)': () => [foreign(`${orders.origin}/a?b=c`)],
  '(string, options)': () => [`${orders.origin}/a`, { method: 'PUT', headers }],
  '(string, undefined)': () => [orders.origin, undefined],
  '(string, null)': () => [orders.origin, null],
  '(string, {})': () => [orders.origin, {}],
  '(URL, options)': () => [new URL(orders.origin), { path: '/other', headers }],
  '({ host, port })': () => [{ host: parts.host, port: parts.port }],
  '({ host, port as a number })': () => [{ host: parts.host, port: Number(parts.port), path: '/a' }],
  '({ hostname, host, port })': () => [{ ...parts, host: 'ignored.example' }],
  '(the result of url.parse)': () => [parse(`${orders.origin}/a?b=c`)],
  '({ …url.parse, headers })': () => [{ ...parse(orders.origin), headers, method: 'DELETE' }],
  '({ protocol })': () => [{ ...parts, protocol: 'http:' }],
  '({ agent })': () => [{ ...parts, agent: new Agent() }],
  '({ agent: false })': () => [{ ...parts, agent: false }],
  '({ agent: null })': () => [{ ...parts, agent: null }],
  '({ agent that leads to the host })': () => [
    { host: '127.0.0.99', port: 1, agent: new Agent(parts as object) },
  ],
  '({ defaultPort })': () => [{ host: parts.host, defaultPort: parts.port }],
  '({ headers as a flat array })': () => [{ ...parts, headers: ['Host', 'a', 'X-Id', '1', 'X-Id', '2'] }],
  '({ headers as pairs })': () => [
    {
      ...parts,
      headers: [
        ['Host', 'a'],
        ['X-Id', '1'],
      ],
    },
  ],
  '({ headers: undefined })': () => [{ ...parts, headers: undefined }],
  '({ headers: null })': () => [{ ...parts, headers: null }],
  '({ headers as Headers, which Node ignores })': () => [{ ...parts, headers: new Headers(headers) }],
  '({ auth })': () => [{ ...parts, auth: 'ada:secret' }],
  '({ setHost: false })': () => [{ ...parts, setHost: false, headers: { Host: 'a' } }],
  '({ options with a prototype })': () => [Object.assign(Object.create({ method: 'PUT' }), parts)],
};

describe.each(Object.entries(signatures))('%s', (_signature, args) => {
  test.each<[string, Request, () => Request]>([
    ['request', http.request as Request, () => request() as unknown as Request],
    ['get', http.get as Request, () => request().get as unknown as Request],
  ])('%s is as in node:http, in the lane of the caller', async (name, bare, ours) => {
    const [expected, received] = await outcome(bare, name, args());
    const [actual, arrived] = await inRequest('lane=gray', () => outcome(ours(), name, args()));
    expect(actual).toEqual({ ...expected, lane: 'gray' });
    expect(arrived).toEqual({ ...received, baggage: ['lane=gray'] });
  });
});

test('the callback and the options may be missing where Node lets them', async () => {
  for (const args of [[], [undefined], [{}], [() => {}]]) {
    const [bare, ours] = [(http.request as Request)(...args), (request() as unknown as Request)(...args)];
    for (const one of [bare, ours]) {
      one.on('error', () => {});
      one.destroy();
    }
    expect([ours.host, ours.protocol, ours.path]).toEqual([bare.host, bare.protocol, bare.path]);
    expect(ours.getHeader('host')).toBe('localhost');
  }
});

const tlsSignatures: Readonly<Record<string, readonly unknown[]>> = {
  '(string)': ['https://127.0.0.1:1/a'],
  '(URL, options)': [new URL('https://127.0.0.1:1'), { rejectUnauthorized: false, headers }],
  '({ protocol, host, port })': [{ protocol: 'https:', host: '127.0.0.1', port: 1 }],
  '({ host, port, agent })': [{ host: '127.0.0.1', port: 1, agent: new https.Agent() }],
  '(the result of url.parse)': [parse('https://127.0.0.1:1/a')],
};

test.each(Object.entries(tlsSignatures))('%s is as in node:https', async (_signature, args) => {
  const ours = baggageRequest({ egress: { to: { 'https://127.0.0.1:1': ['lane'] } } }) as unknown as Request;
  const [bare, wrapped] = [(https.request as Request)(...args), inRequest('lane=gray', () => ours(...args))];
  expect(shapeOf(wrapped)).toEqual({
    ...shapeOf(bare),
    headers: { ...bare.getHeaders(), baggage: 'lane=gray' },
  });
  const refused = (one: ClientRequest): Promise<unknown> =>
    once(one, 'error').then(([error]) => (error as NodeJS.ErrnoException).code);
  expect(await Promise.all([refused(bare), refused(wrapped)])).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
});

test.each<[string, readonly unknown[]]>([
  ['no URL', ['no url']],
  ['another protocol', [{ protocol: 'ftp:' }]],
  ['a URL of another protocol', ['ftp://127.0.0.1']],
  ['a host of another type', [{ host: 5 }]],
  ['a path with a space', [{ path: '/a b' }]],
  ['an agent of another protocol', ['https://127.0.0.1:1', { agent: new Agent() }]],
  ['an agent that is none', [{ agent: {} }]],
  ['a header of another type', [{ headers: { 'x-a': undefined } }]],
])('%s fails as in Node', (_what, args) => {
  const bare = String(args[0]).startsWith('https') ? https.request : http.request;
  expect(codeOf(() => (request() as unknown as Request)(...args))).toBe(
    codeOf(() => (bare as Request)(...args)),
  );
});

function request(): ReturnType<typeof baggageRequest> {
  return baggageRequest({ egress: { to: { [orders.origin]: ['lane'] } } });
}

/** The result for the caller of a request, and the request that arrives. */
async function outcome(send: Request, name: string, args: readonly unknown[]): Promise<[object, object]> {
  const called = inbox<string>();
  const outgoing = send(...args, () => called.put(laneNow()));
  const shape = shapeOf(outgoing);
  const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  if (name === 'request') outgoing.end();
  const [response] = await responded;
  const body = await text(response);
  const [lane] = await called.take(1);
  const { received } = orders;
  const last = received.all.at(-1);
  if (last === undefined) throw new Error('nothing arrived');
  const { baggage: _baggage, ...others } = last.headers;
  const { headers: _headers, ...seen } = shape;
  return [
    { ...seen, status: response.statusCode, body, lane },
    { ...last, headers: others },
  ];
}

function shapeOf(outgoing: ClientRequest): Record<string, unknown> {
  const { host, protocol, path, method } = outgoing;
  return { host, protocol, path, method, headers: { ...outgoing.getHeaders() } };
}

function codeOf(call: () => ClientRequest): unknown {
  try {
    call()
      .on('error', () => {})
      .destroy();
    return 'none';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
