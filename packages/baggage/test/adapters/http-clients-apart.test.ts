import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageRequest } from '@graylane/baggage/http';
import { baggageInterceptor } from '@graylane/baggage/undici';
import { propagation } from '@opentelemetry/api';
import nodeFetch, { Request as NodeFetchRequest } from 'node-fetch';
import { once } from 'node:events';
import { Agent as HttpAgent, createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Writable, type Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Agent,
  Client,
  fetch as undiciFetch,
  getGlobalDispatcher,
  interceptors,
  MockAgent,
  Pool,
  Request as UndiciRequest,
  setGlobalDispatcher,
  type Dispatcher,
} from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inbox } from '../../../../test/support/inbox.ts';
import { laneNow } from './egress-contract.ts';
import { listen, type Listener } from './http-listener.ts';
import { inRequest } from './in-request.ts';

let orders: Listener;
let partner: Listener;
let before = 0;
let egress: { to: Record<string, string[]> };
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  orders = await listen();
  partner = await listen();
  egress = { to: { [orders.origin]: ['lane'] } };
});
afterAll(async () => {
  await orders.close();
  await partner.close();
});
beforeEach(() => {
  before = orders.received.all.length;
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe('baggageFetch', () => {
  test('takes a Request, and headers beside it that replace its own', async () => {
    const fetch = baggageFetch({ egress });
    const headers = { baggage: 'lane=stale', 'x-tenant': 'acme' };
    const request = new Request(orders.origin, { method: 'PUT', headers, body: 'whole' });
    await inRequest('lane=gray', () => fetch(request));
    expect(request.headers.get('baggage')).toBe('lane=stale');
    const other = new Request(orders.origin, { headers });
    await inRequest('lane=gray', () => fetch(other, { headers: { 'x-region': 'eu' } }));
    const [first, second] = seen();
    expect(first).toMatchObject({ method: 'PUT', body: 'whole', baggage: ['lane=gray'] });
    expect(first?.headers['x-tenant']).toBe('acme');
    expect(second).toMatchObject({ baggage: ['lane=gray'], headers: { 'x-region': 'eu' } });
    expect(second?.headers['x-tenant']).toBeUndefined();
  });

  test.each([
    ['undici', undiciFetch, UndiciRequest],
    ['node-fetch', nodeFetch, NodeFetchRequest],
  ])('takes a Request of another implementation (%s)', async (_name, foreign, ForeignRequest) => {
    const fetch = baggageFetch({ egress, fetch: foreign as unknown as typeof globalThis.fetch });
    const headers = { baggage: 'lane=stale', 'x-tenant': 'acme' };
    const request = new ForeignRequest(orders.origin, { method: 'PUT', headers, body: 'whole' });
    await inRequest('lane=gray', () => fetch(request as unknown as Request));
    expect(request.headers.get('baggage')).toBe('lane=stale');
    expect(seen()).toMatchObject([
      { method: 'PUT', body: 'whole', baggage: ['lane=gray'], headers: { 'x-tenant': 'acme' } },
    ]);
  });

  test('lets another implementation follow redirects that begin where nothing is sent', async () => {
    const fetch = baggageFetch({ egress, fetch: nodeFetch as unknown as typeof globalThis.fetch });
    const url = `${partner.origin}/to/${encodeURIComponent(`${orders.origin}/landed`)}`;
    expect((await inRequest('lane=gray', () => fetch(url))).status).toBe(200);
    expect(seen()).toMatchObject([{ path: '/landed', baggage: [] }]);
  });

  test('a redirect that should fail still fails', async () => {
    const url = `${orders.origin}/to/${encodeURIComponent(partner.origin)}`;
    for (const fetch of [
      baggageFetch({ egress }),
      baggageFetch({ egress, fetch: nodeFetch as unknown as typeof globalThis.fetch }),
    ]) {
      await expect(inRequest('lane=gray', () => fetch(url, { redirect: 'error' }))).rejects.toThrow(
        /fail|redirect/,
      );
    }
    expect(partner.received.all.filter(({ path }) => path === '/')).toEqual([]);
  });

  test("goes through the dispatcher of the call, or the application's", async () => {
    const through: string[] = [];
    const noting =
      (name: string): Dispatcher.DispatcherComposeInterceptor =>
      (dispatch) =>
      (options, handler) => {
        through.push(name);
        return dispatch(options, handler);
      };
    const fetch = baggageFetch({ egress });
    const own = keep(new Agent());
    const dispatcher = own.compose(noting('own'));
    await inRequest('lane=gray', () => fetch(orders.origin, { dispatcher } as unknown as RequestInit));
    const standard = getGlobalDispatcher();
    setGlobalDispatcher(own.compose(noting('application')));
    try {
      await inRequest('lane=gray', () => fetch(orders.origin));
    } finally {
      setGlobalDispatcher(standard);
    }
    expect(through).toEqual(['own', 'application']);
    expect(seen()).toMatchObject([{ baggage: ['lane=gray'] }, { baggage: ['lane=gray'] }]);
  });

  test('works where a test has mocked the network', async () => {
    const mock = keep(new MockAgent());
    mock.disableNetConnect();
    mock
      .get(orders.origin)
      .intercept({ path: '/', method: 'POST', body: 'whole', headers: { baggage: 'lane=gray' } })
      .reply(201, 'mocked');
    const init = { method: 'POST', body: 'whole', dispatcher: mock };
    const answer = await inRequest('lane=gray', () =>
      baggageFetch({ egress })(orders.origin, init as unknown as RequestInit),
    );
    expect([answer.status, await answer.text()]).toEqual([201, 'mocked']);
  });

  test.each(['built in', 'of another implementation'])(
    'leaves its header alone further inside: %s, over a dispatcher with an interceptor of ours',
    async (which) => {
      const dispatcher = keep(new Agent()).compose(baggageInterceptor({ egress: { to: {} } }));
      const foreign: typeof globalThis.fetch = (url, init) =>
        undiciFetch(url as string, { ...init, dispatcher } as never) as unknown as Promise<Response>;
      const fetch = baggageFetch(which === 'built in' ? { egress } : { egress, fetch: foreign });
      const init = { dispatcher } as unknown as RequestInit;
      await inRequest('lane=gray,user-id=ada', () => fetch(orders.origin, init));
      expect(seen()).toMatchObject([{ baggage: ['lane=gray'] }]);
    },
  );

  test('loses its header where something in between leads elsewhere, and gets that of the policy there', async () => {
    const astray: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
      dispatch({ ...options, origin: partner.origin }, handler);
    for (const to of [{}, { [partner.origin]: ['user-id'] }]) {
      const dispatcher = keep(new Agent()).compose(baggageInterceptor({ egress: { to } }), astray);
      const init = { dispatcher } as unknown as RequestInit;
      await inRequest('lane=gray,user-id=ada', () =>
        baggageFetch({ egress })(`${orders.origin}/astray`, init),
      );
    }
    expect(
      partner.received.all.filter(({ path }) => path === '/astray').map(({ baggage }) => baggage),
    ).toEqual([[], ['user-id=ada']]);
  });

  test('lets an inner adapter send other origins the members of its own policy', async () => {
    const toPartner = baggageFetch({ egress: { to: { [partner.origin]: ['lane'] } } });
    const fetch = baggageFetch({
      egress,
      fetch: async (url, init) => {
        // Instrumentation and clients that are not wrapped find no baggage here.
        expect(propagation.getActiveBaggage()).toBeUndefined();
        await (await toPartner(`${partner.origin}/token`)).text();
        return globalThis.fetch(url, init);
      },
    });
    await inRequest('lane=gray,user-id=ada', () => fetch(orders.origin));
    await fetch(orders.origin);
    expect(seen().map(({ baggage }) => baggage)).toEqual([['lane=gray'], []]);
    const tokens = partner.received.all.filter(({ path }) => path === '/token');
    expect(tokens.map(({ baggage }) => baggage)).toEqual([['lane=gray'], []]);
  });

  test('fails on an invalid URL as fetch does', async () => {
    for (const fetch of [
      baggageFetch({ egress }),
      baggageFetch({ egress, fetch: undiciFetch as unknown as typeof globalThis.fetch }),
    ]) {
      await expect(fetch('no url')).rejects.toThrow(/URL/);
    }
  });
});

describe('baggageInterceptor', () => {
  test.each(['before', 'behind'])('a retry is in the lane of its request, composed %s it', async (where) => {
    const ours = baggageInterceptor({ egress });
    const retry = interceptors.retry({ minTimeout: 1, maxTimeout: 5 });
    const dispatcher = keep(new Agent()).compose(where === 'before' ? [retry, ours] : [ours, retry]);
    const send = (): Promise<string> =>
      dispatcher
        .request({ origin: orders.origin, path: '/flaky', method: 'GET', headers: { 'x-id': '1' } })
        .then(async ({ body }) => `${await body.text()} ${laneNow()}`);
    expect(await inRequest('lane=gray', send)).toBe('ok gray');
    expect(await send()).toBe('ok baseline');
    expect(seen().map(({ baggage }) => baggage)).toEqual([['lane=gray'], ['lane=gray'], [], []]);
    for (const { headers } of seen()) expect(headers['x-id']).toBe('1');
  });

  test('a handler that serves several requests takes none of their dye along', async () => {
    const dispatcher = keep(new Agent()).compose(baggageInterceptor({ egress }));
    const ended = inbox<string>();
    const handler = {
      onRequestStart: () => {},
      onResponseStart: () => {},
      onResponseData: () => {},
      onResponseEnd: () => ended.put(laneNow()),
      onResponseError: () => {},
    };
    const send = (): boolean =>
      dispatcher.dispatch({ origin: orders.origin, path: '/', method: 'GET' }, handler);
    inRequest('lane=gray', send);
    await ended.take(1);
    send();
    expect(await ended.take(2)).toEqual(['gray', 'baseline']);
    expect(seen().map(({ baggage }) => baggage)).toEqual([['lane=gray'], []]);
  });

  test.each([
    ['a Client', (origin: string) => new Client(origin)],
    ['a Pool', (origin: string) => new Pool(origin)],
  ])('%s with a destination sends what that origin may see', async (_what, connect) => {
    const [told, elsewhere] = [keep(connect(orders.origin)), keep(connect(partner.origin))];
    const destination = orders.origin;
    await inRequest('lane=gray', async () => {
      for (const client of [
        told.compose(baggageInterceptor({ egress, destination })),
        elsewhere.compose(baggageInterceptor({ egress })),
      ]) {
        await (await client.request({ path: '/', method: 'GET' })).body.text();
      }
    });
    expect(seen()).toMatchObject([{ baggage: ['lane=gray'] }]);
    expect(partner.received.all.at(-1)?.baggage).toEqual([]);
  });

  test('sees the name of a host that is resolved inside of it, and sends nothing to an address', async () => {
    const { port } = new URL(orders.origin);
    const named = `http://orders.internal:${port}`;
    const ours = baggageInterceptor({ egress: { to: { [named]: ['lane'] } } });
    const dns = interceptors.dns({
      lookup: (_origin, _options, done) => done(null, [{ address: '127.0.0.1', ttl: 1_000, family: 4 }]),
    });
    const agent = keep(new Agent());
    for (const dispatcher of [agent.compose(dns, ours), agent.compose(ours, dns)]) {
      const answer = await inRequest('lane=gray', () =>
        dispatcher.request({ origin: named, path: '/', method: 'GET' }),
      );
      await answer.body.text();
    }
    expect(seen().map(({ baggage }) => baggage)).toEqual([['lane=gray'], []]);
  });

  test('lets deduplication inside of it keep the lanes apart', async () => {
    const dispatcher = keep(new Agent()).compose(interceptors.deduplicate(), baggageInterceptor({ egress }));
    const send = async (): Promise<string> =>
      (await dispatcher.request({ origin: orders.origin, path: '/drip', method: 'GET' })).body.text();
    await Promise.all([inRequest('lane=gray', send), send(), inRequest('lane=gray', send), send()]);
    const arrived = seen().map(({ baggage }) => baggage.join());
    expect(arrived.toSorted()).toEqual(['', 'lane=gray']);
  });

  test("undici's stream and pipeline run in the caller's lane", async () => {
    const dispatcher = keep(new Agent()).compose(baggageInterceptor({ egress }));
    const lanes: string[] = [];
    const options = { origin: orders.origin, path: '/drip', method: 'POST' } as const;
    const sink = (): Writable => {
      lanes.push(laneNow());
      return new Writable({ write: (_chunk, _encoding, done) => done() });
    };
    await inRequest('lane=gray', () => dispatcher.stream(options, sink));
    const body = await inRequest('lane=gray', () => {
      const pipeline = dispatcher.pipeline(options, ({ body: answer }) => {
        lanes.push(laneNow());
        return answer;
      });
      pipeline.end('whole');
      return text(pipeline);
    });
    expect(body).toBe('drip drop');
    expect(lanes).toEqual(['gray', 'gray']);
    expect(seen().map(({ baggage }) => baggage)).toEqual([['lane=gray'], ['lane=gray']]);
  });

  test('an upgrade gets its socket', async () => {
    const server = await upgrading();
    const dispatcher = keep(new Agent()).compose(
      baggageInterceptor({ egress: { to: { [server.origin]: ['lane'] } } }),
    );
    const { socket } = await inRequest('lane=gray', () =>
      dispatcher.upgrade({ origin: server.origin, path: '/', protocol: 'echo' } as Dispatcher.UpgradeOptions),
    );
    socket.end('hello');
    expect(await text(socket)).toBe('lane=gray hello');
  });

  test('a tunnel that CONNECT opens gets its socket, and the proxy no baggage', async () => {
    const server = await upgrading();
    const client = keep(new Client(server.origin)).compose(baggageInterceptor({ egress }));
    const { socket } = await inRequest('lane=gray', () =>
      client.connect({ origin: server.origin, path: 'orders:80' }),
    );
    socket.end('hello');
    expect(await text(socket)).toBe('none hello');
  });
});

describe('baggageRequest', () => {
  test('judges the destination of the options, not that of the URL', async () => {
    const request = baggageRequest({ egress });
    const { hostname, port } = new URL(partner.origin);
    const folder = mkdtempSync(`${tmpdir()}/graylane-http-`);
    const seenThere = inbox<string | undefined>();
    const local = createServer((incoming, response) => {
      seenThere.put(incoming.headers['baggage'] as string | undefined);
      response.end();
    });
    await once(local.listen(`${folder}/socket`), 'listening');
    keep(local);
    for (const options of [
      { hostname, port },
      { host: hostname, port },
      { port },
      { socketPath: `${folder}/socket` },
    ]) {
      await inRequest('lane=gray', () => completed(request(orders.origin, options)));
    }
    expect(partner.received.all.slice(-3).map(({ baggage }) => baggage)).toEqual([[], [], []]);
    expect(seenThere.all).toEqual([undefined]);
    expect(seen()).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test('keeps the repeated names of a list of headers', async () => {
    const request = baggageRequest({ egress });
    const headers = Object.freeze([
      'Host',
      'orders',
      'X-Id',
      '1',
      'x-id',
      '2',
      'Baggage',
      'a=1',
      'baggage',
      'b=2',
    ]);
    await inRequest('lane=gray', () => completed(request(orders.origin, { headers })));
    expect(seen()).toMatchObject([{ baggage: ['lane=gray'], headers: { host: 'orders', 'x-id': '1, 2' } }]);
  });

  test('listeners are in the lane of their request, also on a connection that another one opened, and their calls carry it', async () => {
    const agent = new HttpAgent({ keepAlive: true, maxSockets: 1 });
    const request = baggageRequest({ egress });
    const heard = inbox<string>();
    const call = (name: string): void => {
      const outgoing = request(`${orders.origin}/drip`, { agent });
      outgoing.end();
      outgoing.on('response', (answer) => {
        answer
          .on('data', () => {})
          .on('end', () => {
            const next = request(`${orders.origin}/next/${name}`, { agent });
            next.end();
            next.on('response', (last) => last.resume().on('close', () => heard.put(`${name} ${laneNow()}`)));
          });
      });
    };
    for (const name of ['1', '2', '3']) {
      inRequest('lane=gray', () => call(`gray${name}`));
      call(`plain${name}`);
    }
    const lines = await heard.take(6);
    agent.destroy();
    for (const line of lines) expect(line).toMatch(/^gray. gray$|^plain. baseline$/);
    for (const { path, baggage } of seen().filter((one) => one.path.startsWith('/next'))) {
      expect(baggage).toEqual(path.includes('gray') ? ['lane=gray'] : []);
    }
  });

  test('speaks https where the URL does', async () => {
    const request = baggageRequest({ egress: { to: { 'https://127.0.0.1:1': ['lane'] } } });
    const outgoing = inRequest('lane=gray', () => request('https://127.0.0.1:1'));
    expect(outgoing.getHeader('baggage')).toBe('lane=gray');
    expect(outgoing.protocol).toBe('https:');
    const [error] = (await once(outgoing, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });

  test('an upgrade gets its socket', async () => {
    const server = await upgrading();
    const request = baggageRequest({ egress: { to: { [server.origin]: ['lane'] } } });
    const outgoing = inRequest('lane=gray', () =>
      request(server.origin, { headers: { connection: 'Upgrade', upgrade: 'echo' } }),
    );
    outgoing.end();
    const [, socket, head] = (await once(outgoing, 'upgrade')) as [unknown, Socket, Buffer];
    socket.end('hello');
    // The first bytes of the server may have come with its headers.
    expect(String(head) + (await text(socket))).toBe('lane=gray hello');
  });
});

function seen(): typeof orders.received.all {
  return orders.received.all.slice(before);
}

function keep<T extends { close(): unknown }>(one: T): T {
  open.push(one);
  return one;
}

async function completed(outgoing: ReturnType<ReturnType<typeof baggageRequest>>): Promise<void> {
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  await text(answer);
}

/**
 * A server that writes the baggage that it received to the sockets of upgrades and tunnels, and
 * then echoes.
 */
async function upgrading(): Promise<{ origin: string }> {
  const server = createServer();
  const echo = (status: string) => (request: IncomingMessage, socket: Duplex) => {
    socket.write(`HTTP/1.1 ${status}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`);
    void delay(1).then(() => {
      socket.write(`${String(request.headers['baggage'] ?? 'none')} `);
      socket.pipe(socket);
    });
  };
  server.on('upgrade', echo('101 Switching Protocols'));
  server.on('connect', echo('200 Connection Established'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  keep(server);
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return { origin: `http://127.0.0.1:${address.port}` };
}
