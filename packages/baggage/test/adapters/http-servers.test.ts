import { baggageCounts, getActiveLane, type BaggageEvent, type Dye } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageFetch } from '@graylane/baggage/fetch';
import { context, propagation } from '@opentelemetry/api';
import express5, { type ErrorRequestHandler, type Request } from 'express';
import { once } from 'node:events';
import {
  Agent,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { inbox } from '../../../../test/support/inbox.ts';
import { listen, serve } from './http-listener.ts';
import { inRequest } from './in-request.ts';
import { express4, servers } from './servers.ts';

const accept = { ingress: { mode: 'accept', keys: ['lane', 'user-id'] } } as const;
const agent = new Agent({ keepAlive: true, maxSockets: 2 });
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe.each(servers)('%s', (_name, wrap) => {
  test("strips a stranger's baggage by default, and counts it", async () => {
    const { origin } = await start(wrap(undefined, sayBaggage));
    const before = counted('stripped');
    expect(await get(origin, { baggage: 'lane=gray,user-id=ada' })).toBe('baseline');
    expect(counted('stripped') - before).toBe(2);
  });

  test('admits the members that the policy names, from one header or several', async () => {
    const { origin } = await start(wrap(accept, sayBaggage));
    expect(await get(origin, { baggage: 'lane=gray,user-id=ada,admin=1' })).toBe(
      'gray lane=gray user-id=ada',
    );
    expect(await get(origin, { baggage: ['user-id=ada', 'admin=1, lane=gray'] })).toBe(
      'gray lane=gray user-id=ada',
    );
    expect(await get(origin, {})).toBe('baseline');
  });

  test('keeps 200 requests over two kept-alive connections in their lanes', async () => {
    const { origin } = await start(
      wrap(accept, (request, response) => {
        void delay(1).then(async () => response.end(`${getActiveLane()} ${await text(request)}`));
      }),
    );
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        get(origin, index % 2 === 0 ? { baggage: 'lane=gray' } : {}, String(index)),
      ),
    );
    expect(answers).toEqual(answers.map((_, index) => `${index % 2 === 0 ? 'gray' : 'baseline'} ${index}`));
  });

  test('keeps pipelined requests in their lanes', async () => {
    const { origin } = await start(
      wrap(accept, (_request, response) => {
        void delay(1).then(() => response.end(`<${getActiveLane()}>`));
      }),
    );
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nBaggage: lane=gray\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nBaggage: lane=blue\r\nConnection: close\r\n\r\n');
    expect((await text(socket)).match(/<\w+>/g)).toEqual(['<gray>', '<baseline>', '<blue>']);
  });

  test('dyes at the edge, evaluates once, and carries the members of `carry`', async () => {
    const asked: unknown[] = [];
    const dye: Dye<IncomingMessage> = {
      client: {
        getStringValue: async (flag, lane, facts) => {
          await delay(1);
          asked.push([flag, lane, facts]);
          return facts.targetingKey === 'ada' ? 'gray' : lane;
        },
      },
      evaluationContext: ({ headers }) => ({
        targetingKey: headers['x-user-id'] as string,
        tenant: undefined,
      }),
      carry: { 'user-id': 'targetingKey', tenant: 'tenant' },
    };
    const { origin } = await start(wrap({ dye }, sayBaggage));
    expect(await get(origin, { 'x-user-id': 'ada', baggage: 'lane=forged' })).toBe(
      'gray lane=gray user-id=ada',
    );
    expect(await get(origin, { 'x-user-id': 'bob' })).toBe('baseline user-id=bob');
    expect(asked).toEqual([
      ['lane', 'baseline', { targetingKey: 'ada', requestId: expect.any(String) as unknown }],
      ['lane', 'baseline', { targetingKey: 'bob', requestId: expect.any(String) as unknown }],
    ]);
  });

  test('runs in baseline where the dye rule fails, in any way', async () => {
    const before = counted('undyed');
    const client = { getStringValue: () => Promise.reject(new Error('the provider is away')) };
    const broken = { client, evaluationContext: () => ({}) };
    const throwing = {
      ...broken,
      evaluationContext: () => {
        throw new Error('no user');
      },
    };
    for (const dye of [broken, throwing]) {
      const { origin } = await start(wrap({ dye }, sayBaggage));
      expect(await get(origin, {})).toBe('baseline');
    }
    expect(counted('undyed') - before).toBe(2);
  });

  test('a body that is read late, after the dye, is whole', async () => {
    const dye = { client: { getStringValue: () => delay(5, 'gray') }, evaluationContext: () => ({}) };
    const { origin } = await start(
      wrap({ dye }, (request, response) => {
        void text(request).then((body) => response.end(`${getActiveLane()} ${body.length}`));
      }),
    );
    expect(await get(origin, {}, 'x'.repeat(300_000))).toBe('gray 300000');
  });

  test('listeners that are bound hear of the end of the response in the lane of the request', async () => {
    const heard = inbox<string>();
    const { origin } = await start(
      wrap(accept, (_request, response) => {
        const hear = context.bind(context.active(), () => heard.put(getActiveLane()));
        for (const event of ['finish', 'close']) response.on(event, hear);
        response.end();
      }),
    );
    await get(origin, { baggage: 'lane=gray' });
    await get(origin, {});
    expect(await heard.take(4)).toEqual(['gray', 'gray', 'baseline', 'baseline']);
  });

  test('a caller that goes away is heard of in its lane, and the next one is not in it', async () => {
    const heard = inbox<string>();
    const { origin } = await start(
      wrap(accept, (request, response) => {
        response.on(
          'close',
          context.bind(context.active(), () => heard.put(`closed ${getActiveLane()}`)),
        );
        heard.put(`came ${getActiveLane()}`);
        if (request.url === '/next') response.end();
      }),
    );
    const outgoing = httpRequest(`${origin}/`, { headers: { baggage: 'lane=gray' } });
    outgoing.on('error', () => {});
    outgoing.end();
    await heard.take(1);
    outgoing.destroy();
    await heard.take(2);
    await get(`${origin}/next`, {});
    expect(await heard.take(4)).toEqual(['came gray', 'closed gray', 'came baseline', 'closed baseline']);
  });

  test('a server that was started inside a request gives none of its baggage to others', async () => {
    const { origin } = await inRequest('lane=gray', () => start(wrap(undefined, sayBaggage)));
    expect(await get(origin, {})).toBe('baseline');
  });

  test('calls out of a handler are in its lane', async () => {
    const orders = await listen();
    open.push(orders);
    const fetch = baggageFetch({ egress: { to: { [orders.origin]: ['lane'] } } });
    const { origin } = await start(
      wrap(accept, (_request, response) => {
        void fetch(orders.origin).then(() => response.end());
      }),
    );
    await get(origin, { baggage: 'lane=gray,user-id=ada' });
    await get(origin, {});
    expect(orders.received.all.map(({ baggage }) => baggage)).toEqual([['lane=gray'], []]);
  });

  test('leaves upgrades and tunnels alone', async () => {
    const { origin, server } = await start(wrap(accept, sayBaggage));
    for (const [event, line] of [
      ['upgrade', 'GET / HTTP/1.1'],
      ['connect', 'CONNECT a:1 HTTP/1.1'],
    ] as const) {
      server.once(event, (_request, socket) => socket.end(`${event} ${getActiveLane()}`));
      const socket = connect(Number(new URL(origin).port), '127.0.0.1');
      socket.write(`${line}\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\nBaggage: lane=gray\r\n\r\n`);
      expect(await text(socket)).toBe(`${event} baseline`);
    }
  });
});

describe.each([
  ['express 5', express5],
  ['express 4', express4],
])('the middleware in %s', (_name, express) => {
  test('used twice dyes late: what runs before is undyed, and what began before sees the dye', async () => {
    const app = express();
    const client = { getStringValue: () => 'gray' };
    let began: (() => string) | undefined;
    app.use(baggageMiddleware());
    app.use((_request, _response, next) => {
      const earlier = context.active();
      began = () => propagation.getBaggage(earlier)?.getEntry('lane')?.value ?? 'none';
      expect(began()).toBe('none');
      next();
    });
    app.use(baggageMiddleware({ dye: { client, evaluationContext: () => ({}) } }));
    app.get('/', (_request, response) => void response.end(`${getActiveLane()} ${began?.()}`));
    expect(await get((await start(app)).origin, { baggage: 'lane=forged' })).toBe('gray gray');
  });

  test('a second policy changes nothing: the first one has decided', async () => {
    const app = express();
    app.use(baggageMiddleware());
    app.use(baggageMiddleware(accept));
    app.get('/', sayBaggage);
    expect(await get((await start(app)).origin, { baggage: 'lane=gray' })).toBe('baseline');
  });

  test('policies differ by route', async () => {
    const app = express();
    app.get('/inside', baggageMiddleware(accept), sayBaggage);
    app.get('/edge', baggageMiddleware(), sayBaggage);
    const { origin } = await start(app);
    expect(await get(`${origin}/inside`, { baggage: 'lane=gray' })).toBe('gray lane=gray');
    expect(await get(`${origin}/edge`, { baggage: 'lane=gray' })).toBe('baseline');
  });

  test('error handlers and parsers of bodies run in the lane', async () => {
    const app = express();
    app.use(baggageMiddleware(accept));
    app.use(express.json());
    app.post('/', (request: Request, response) => {
      if ((request.body as { fail?: boolean }).fail) throw new Error('asked to');
      response.end(`parsed ${getActiveLane()}`);
    });
    app.use(((_error, _request, response, _next) => {
      response.end(`failed ${getActiveLane()}`);
    }) satisfies ErrorRequestHandler);
    const { origin } = await start(app);
    const headers = { baggage: 'lane=gray', 'content-type': 'application/json' };
    expect(await get(origin, headers, '{"fail":false}')).toBe('parsed gray');
    expect(await get(origin, headers, '{"fail":true}')).toBe('failed gray');
    expect(await get(origin, headers, '{')).toBe('failed gray');
  });
});

/** Responds with the lane, and all baggage as OpenTelemetry shows it. */
function sayBaggage(...[, response]: Parameters<RequestListener>): void {
  const members = propagation.getActiveBaggage()?.getAllEntries() ?? [];
  response.end([getActiveLane(), ...members.map(([key, { value }]) => `${key}=${value}`)].join(' '));
}

async function start(handler: RequestListener): Promise<{ origin: string; server: Server }> {
  const served = await serve(handler);
  open.push(served);
  return served;
}

/**
 * The body of the response to a request over one of two kept-alive connections, with headers just
 * as they are.
 */
async function get(url: string, headers: Record<string, string | string[]>, body?: string): Promise<string> {
  const outgoing = httpRequest(url, { agent, headers, method: body === undefined ? 'GET' : 'POST' });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return text(answer);
}

function counted(event: BaggageEvent): number {
  return baggageCounts()[event] ?? 0;
}
