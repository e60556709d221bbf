import type { Dye } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageListener, type BaggageListenerOptions } from '@graylane/baggage/http';
import express, { type ErrorRequestHandler, type Request, type Response as ExpressResponse } from 'express';
import type { IncomingMessage, RequestListener } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { findRequest } from '../../src/adapters/http/servers/tracked-request.ts';
import { serve } from './http-listener.ts';

const gray = dyeOf('gray');
const accept = { mode: 'accept', keys: ['lane'] } as const;
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe('a dyed response', () => {
  test.each<[set: Record<string, string | string[]>, cacheControl: string]>([
    [{}, 'private'],
    [{ 'Cache-Control': 'public, max-age=60' }, 'private, max-age=60'],
    [{ 'cache-control': 'Public,s-maxage=60 , Max-Age=60' }, 'private, Max-Age=60'],
    [{ 'Cache-Control': 'no-store' }, 'private, no-store'],
    [{ 'Cache-Control': 'private, no-cache' }, 'private, no-cache'],
    [{ 'Cache-Control': ['public', 'immutable'] }, 'private, immutable'],
    [
      { 'Cache-Control': 'public', 'CDN-Cache-Control': 'max-age=9', 'Acme-CDN-Cache-Control': 'public' },
      'private',
    ],
    [{ 'Surrogate-Control': 'max-age=9', 'X-Accel-Expires': '9' }, 'private'],
  ])('of an application that sets %j is private', async (set, cacheControl) => {
    for (const answer of [viaWriteHead(set), viaSetHeader(set), viaList(set)]) {
      const { headers } = await get(await start(baggageListener({ dye: gray }, answer)));
      expect(headers.get('cache-control')).toBe(cacheControl);
      expect(headers.get('graylane-lane')).toBe('gray');
      expect(headers.get('vary')).toBeNull();
      for (const name of [
        'x-accel-expires',
        'surrogate-control',
        'cdn-cache-control',
        'acme-cdn-cache-control',
      ]) {
        expect(headers.get(name)).toBeNull();
      }
    }
  });

  test('of a request that names its lane varies by that, and stays as cacheable as it was', async () => {
    const origin = await start(
      baggageListener({ dye: gray }, viaWriteHead({ 'Cache-Control': 'public', Vary: 'Accept' })),
    );
    const { headers } = await get(origin, { 'graylane-lane': 'gray' });
    expect(headers.get('vary')).toBe('Accept, Graylane-Lane');
    expect(headers.get('cache-control')).toBe('public');
  });

  test('is otherwise what the application made it: status, message, headers that repeat, body', async () => {
    const answer: RequestListener = (_request, response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.writeHead(207, 'As It Is', { 'X-Number': 7 }).end('body');
    };
    const response = await get(await start(baggageListener({ dye: gray }, answer)));
    expect([response.status, response.statusText, await response.text()]).toEqual([207, 'As It Is', 'body']);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('x-number')).toBe('7');
  });

  test('is named once where the middleware runs twice, and by the dye', async () => {
    const app = express();
    app.use(baggageMiddleware({ ingress: accept }));
    app.use(baggageMiddleware({ dye: gray }));
    app.get('/', (_request, response) => void response.json({}));
    const { headers } = await get(await start(app), { baggage: 'lane=blue' });
    expect(headers.get('graylane-lane')).toBe('gray');
    expect(headers.get('cache-control')).toBe('private');
    expect(headers.get('vary')).toBeNull();
  });
});

describe('the responses of express', () => {
  test('name their lane in apps inside of apps, and to error handlers outside of them', async () => {
    const inner = express();
    inner.use(baggageMiddleware({ dye: gray }));
    inner.get('/', (_request, response) => void response.json({}));
    inner.get('/fails', () => {
      throw new Error('as planned');
    });
    const app = express();
    app.use('/inner', inner);
    const quiet: ErrorRequestHandler = (_error, _request, response, _next) => void response.json({});
    app.use(quiet);
    app.get('/', (_request, response) => void response.json({}));
    const origin = await start(app);
    for (const [path, lane] of [
      ['inner', 'gray'],
      ['inner/fails', 'gray'],
      ['', null],
    ] as const) {
      expect((await get(`${origin}/${path}`)).headers.get('graylane-lane')).toBe(lane);
    }
  });

  test('name no lane in another app, which does not use the middleware', async () => {
    const app = express();
    app.get('/', (_request, response) => void response.json({}));
    const { headers } = await get(await start(app), { baggage: 'lane=gray' });
    expect(headers.get('graylane-lane')).toBeNull();
    expect(headers.get('vary')).toBeNull();
  });

  test('respect headers that other middleware sets late: they become private, too', async () => {
    const app = express();
    app.use((_request, response, next) => {
      const writeHead = response.writeHead.bind(response) as (...call: unknown[]) => ExpressResponse;
      response.writeHead = (...call: unknown[]) => {
        response.setHeader('Cache-Control', 'public');
        return writeHead(...call);
      };
      next();
    });
    app.use(baggageMiddleware({ dye: gray }));
    app.get('/', (_request, response) => void response.json({}));
    expect((await get(await start(app))).headers.get('cache-control')).toBe('private');
  });

  test('name their lane where the middleware is called without express', async () => {
    const middleware = baggageMiddleware({ ingress: accept });
    const answer = viaWriteHead({ Vary: 'Accept' });
    const origin = await start((request, response) => {
      middleware(request as Request, response, () => answer(request, response));
    });
    const { headers } = await get(origin, { baggage: 'lane=gray' });
    expect([headers.get('graylane-lane'), headers.get('vary')]).toEqual(['gray', 'Accept, Baggage']);
  });

  test('name each its own lane where a client pipelines requests', async () => {
    const app = express();
    app.use(baggageMiddleware({ ingress: accept }));
    const waiting: (() => void)[] = [];
    const requests: IncomingMessage[] = [];
    app.get('/', (request, response) => {
      waiting.push(() => response.json({}));
      expect(findRequest(request)?.request).toBe(request);
      requests.push(request);
      // The last one responds first, the one in the middle last.
      if (waiting.length === 3) for (const index of [2, 0, 1]) waiting[index]?.();
    });
    const socket = connect(Number(new URL(await start(app)).port), '127.0.0.1');
    for (const lane of ['gray', 'blue', 'green']) {
      socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nBaggage: lane=${lane}\r\n\r\n`);
    }
    const told = (text: string): string[] => text.match(/(?<=graylane-lane: )\w+/gi) ?? [];
    let text = '';
    for await (const bytes of socket) if (told((text += String(bytes))).length === 3) break;
    expect(told(text)).toEqual(['gray', 'blue', 'green']);
    await expect.poll(() => requests.map(findRequest)).toEqual([undefined, undefined, undefined]);
  });
});

describe('a response inside', () => {
  test('varies by the baggage, and by the header of the mesh', async () => {
    const plain = await start(
      baggageListener({ ingress: accept }, viaWriteHead({ Vary: 'baggage, accept' })),
    );
    expect((await get(plain, { baggage: 'lane=gray' })).headers.get('vary')).toBe('baggage, accept');
    const mesh = await start(
      baggageListener({ ingress: { ...accept, laneHeader: 'X-Lane' } }, viaWriteHead({})),
    );
    const { headers } = await get(mesh, { 'x-lane': 'gray' });
    expect(headers.get('vary')).toBe('Baggage, X-Lane');
    expect(headers.get('graylane-lane')).toBe('gray');
    expect((await get(mesh, { 'x-lane': 'gray', baggage: 'lane=blue' })).headers.get('graylane-lane')).toBe(
      'blue',
    );
    expect((await get(mesh, { 'x-lane': 'baseline' })).headers.get('graylane-lane')).toBe('baseline');
  });

  test('varies by everything where the application does', async () => {
    const origin = await start(baggageListener({ ingress: accept }, viaWriteHead({ Vary: '*' })));
    expect((await get(origin)).headers.get('vary')).toBe('*');
  });
});

describe('a response names no lane', () => {
  test.each<[string, BaggageListenerOptions]>([
    ['at an edge without a dye rule, where all are in baseline', {}],
    ['where the option is off', { dye: gray, laneResponse: false }],
  ])('%s', async (_where, options) => {
    const { headers } = await get(
      await start(baggageListener(options, viaWriteHead({ 'Cache-Control': 'public' }))),
    );
    expect(headers.get('graylane-lane')).toBeNull();
    expect(headers.get('cache-control')).toBe('public');
  });
});

describe('a response explains the lane', () => {
  test.each<[string, BaggageListenerOptions, Record<string, string>, RegExp]>([
    [
      'of a dye rule',
      { dye: gray },
      { baggage: 'lane=blue' },
      /^gray: the dye rule "lane" decided; ingress strip/,
    ],
    [
      'of a header',
      { ingress: accept },
      { baggage: 'lane=blue,user-id=ada' },
      /^blue: the baggage member "lane" named it.*admitted lane, refused user-id/,
    ],
    [
      'of an edge without a dye',
      {},
      { baggage: 'lane=blue' },
      /^baseline: the ingress policy strips all baggage/,
    ],
  ])('%s where the option is on, and not by default', async (_what, options, headers, words) => {
    const explained = await start(baggageListener({ ...options, explain: true }, viaWriteHead({})));
    expect((await get(explained, headers)).headers.get('graylane-explain')).toMatch(words);
    const silent = await start(baggageListener(options, viaWriteHead({})));
    expect((await get(silent, headers)).headers.get('graylane-explain')).toBeNull();
  });
});

describe('browsers of other origins', () => {
  const preflight = {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.example', 'access-control-request-headers': 'baggage' },
  };
  const allowing = viaWriteHead({
    'Access-Control-Allow-Origin': 'https://shop.example',
    'Access-Control-Allow-Headers': 'content-type',
  });

  test('may send baggage and read the lane where the option is on and the application allows the origin', async () => {
    const origin = await start(baggageListener({ dye: gray, cors: true }, allowing));
    expect((await fetch(origin, preflight)).headers.get('access-control-allow-headers')).toBe(
      'content-type, baggage',
    );
    expect((await get(origin)).headers.get('access-control-expose-headers')).toBe('Graylane-Lane');
  });

  test.each<[string, BaggageListenerOptions, RequestListener]>([
    ['by default', { dye: gray }, allowing],
    [
      'where the application allows no origin',
      { dye: gray, cors: true },
      viaWriteHead({ 'Access-Control-Allow-Headers': 'content-type' }),
    ],
  ])('may not %s', async (_when, options, listener) => {
    const origin = await start(baggageListener(options, listener));
    expect((await fetch(origin, preflight)).headers.get('access-control-allow-headers')).toBe('content-type');
    expect((await get(origin)).headers.get('access-control-expose-headers')).toBeNull();
  });
});

function dyeOf(lane: string): Dye<IncomingMessage> {
  return { client: { getStringValue: () => lane }, evaluationContext: () => ({}) };
}

function viaWriteHead(headers: Record<string, string | string[]>): RequestListener {
  return (_request, response) => void response.writeHead(200, headers).end('ok');
}

function viaSetHeader(headers: Record<string, string | string[]>): RequestListener {
  return (_request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end('ok');
  };
}

/** The flat list that `writeHead` also takes. */
function viaList(headers: Record<string, string | string[]>): RequestListener {
  const flat = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => [name, one]),
  );
  return (_request, response) => void response.writeHead(200, flat).end('ok');
}

async function start(listener: RequestListener): Promise<string> {
  const served = await serve(listener);
  open.push(served);
  return served.origin;
}

function get(origin: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(origin, { headers });
}
