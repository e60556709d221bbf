import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageRequest } from '@graylane/baggage/http';
import { baggageInterceptor } from '@graylane/baggage/undici';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http, { Agent as HttpAgent, createServer, type IncomingMessage } from 'node:http';
import nodeFetch from 'node-fetch';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import {
  Agent,
  BalancedPool,
  Client,
  interceptors,
  Pool,
  ProxyAgent,
  RetryAgent,
  setGlobalDispatcher,
  getGlobalDispatcher,
  fetch as undiciFetch,
  type Dispatcher,
} from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listen, type Listener } from './http-listener.ts';
import { inRequest } from './in-request.ts';
import { openHttpProxy } from './proxies.ts';

const dye = 'lane=gray,user-id=ada';
let good: Listener;
let other: Listener;
let socketPath: string;
let local: http.Server;
const viaSocket: (string | undefined)[] = [];
const closing: { close(): unknown }[] = [];
let [beforeGood, beforeOther, beforeSocket] = [0, 0, 0];

beforeAll(async () => {
  good = await listen();
  other = await listen();
  socketPath = `${mkdtempSync(`${tmpdir()}/graylane-`)}/socket`;
  local = createServer((request, response) => {
    viaSocket.push(request.headers['baggage'] as string | undefined);
    response.end('ok');
  });
  await once(local.listen(socketPath), 'listening');
});
afterAll(async () => {
  local.close();
  rmSync(socketPath, { force: true });
  await good.close();
  await other.close();
});
beforeEach(() => {
  [beforeGood, beforeOther, beforeSocket] = [
    good.received.all.length,
    other.received.all.length,
    viaSocket.length,
  ];
});
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

const egress = (): { to: Record<string, string[]> } => ({ to: { [good.origin]: ['lane'] } });
const goodSaw = (): unknown[] => good.received.all.slice(beforeGood).map(({ baggage }) => baggage.join());
const otherSaw = (): unknown[] => other.received.all.slice(beforeOther).map(({ baggage }) => baggage.join());

function keep<T extends { close(): unknown }>(one: T): T {
  closing.push(one);
  return one;
}

/** Where a dispatcher leads: the one that the policy names, or another one. */
const bound: Readonly<Record<string, (origin: string) => Dispatcher>> = {
  'a Pool': (origin) => new Pool(origin),
  'a Client': (origin) => new Client(origin),
  'a BalancedPool': (origin) => new BalancedPool(origin),
  'a BalancedPool with the same origin twice': (origin) => new BalancedPool([origin, `${origin}/`]),
  'a RetryAgent over a Pool': (origin) => new RetryAgent(new Pool(origin)),
  'a Pool with an interceptor': (origin) => new Pool(origin).compose(interceptors.retry()),
};

const clients: Readonly<Record<string, (dispatcher: Dispatcher, origin: string) => Promise<unknown>>> = {
  'the built-in fetch': async (dispatcher, origin) =>
    (await baggageFetch({ egress: egress() })(origin, { dispatcher } as unknown as RequestInit)).text(),
  "undici's fetch": async (dispatcher, origin) => {
    const fetch = baggageFetch({
      egress: egress(),
      fetch: undiciFetch as unknown as typeof globalThis.fetch,
    });
    return (await fetch(origin, { dispatcher } as unknown as RequestInit)).text();
  },
  'the interceptor': async (dispatcher, origin) => {
    const composed = dispatcher.compose(baggageInterceptor({ egress: egress() }));
    return (await composed.request({ origin, path: '/', method: 'GET' })).body.text();
  },
  'the interceptor with others around it': async (dispatcher, origin) => {
    const composed = dispatcher.compose(
      interceptors.retry(),
      baggageInterceptor({ egress: egress() }),
      interceptors.redirect({ maxRedirections: 2 }),
    );
    return (await composed.request({ origin, path: '/', method: 'GET' })).body.text();
  },
};

describe.each(Object.entries(clients))('%s', (_client, send) => {
  test.each(Object.entries(bound))('judges %s by the origin that it leads to', async (_what, open) => {
    const [astray, right] = [keep(open(other.origin)), keep(open(good.origin))];
    await inRequest(dye, () => send(astray, good.origin));
    await inRequest(dye, () => send(right, good.origin));
    await send(astray, good.origin);
    expect(otherSaw()).toEqual(['', '']);
    expect(goodSaw()).toEqual(['lane=gray']);
  });

  test('judges an Agent by the origin of each request', async () => {
    const agent = keep(new Agent());
    await inRequest(dye, () => send(agent, good.origin));
    await inRequest(dye, () => send(agent, other.origin));
    expect([goodSaw(), otherSaw()]).toEqual([['lane=gray'], ['']]);
  });

  test('sends through a proxy what the origin behind it may see, and nothing to the proxy', async () => {
    const proxy = keep(await openHttpProxy());
    const agent = keep(new ProxyAgent({ uri: proxy.origin, proxyTunnel: true }));
    await inRequest(dye, () => send(agent, good.origin));
    await inRequest(dye, () => send(agent, other.origin));
    expect([goodSaw(), otherSaw()]).toEqual([['lane=gray'], ['']]);
    expect(proxy.baggage).toEqual([undefined, undefined]);
  });
});

test('the global dispatcher of fetch is judged the same', async () => {
  const standard = getGlobalDispatcher();
  const fetch = baggageFetch({ egress: egress() });
  setGlobalDispatcher(keep(new Pool(other.origin)));
  try {
    await inRequest(dye, async () => (await fetch(good.origin)).text());
  } finally {
    setGlobalDispatcher(standard);
  }
  expect([goodSaw(), otherSaw()]).toEqual([[], ['']]);
});

test.each<[string, () => Dispatcher, string]>([
  ['an Agent', () => new Agent({ connect: { socketPath } }), 'http://orders.internal'],
])('fetch sends nothing through the Unix socket of %s', async (_what, open, origin) => {
  const fetch = baggageFetch({ egress: { to: { [origin]: ['lane'] } } });
  const init = { dispatcher: keep(open()) } as unknown as RequestInit;
  await inRequest(dye, async () => (await fetch(origin, init)).text());
  expect(viaSocket.slice(beforeSocket)).toEqual([undefined]);
});

describe('http.request', () => {
  const partsOf = (origin: string): { host: string; port: number } => ({
    host: new URL(origin).hostname,
    port: Number(new URL(origin).port),
  });
  const agents: Readonly<Record<string, () => HttpAgent>> = {
    'a host and a port': () => new HttpAgent(partsOf(other.origin)),
    'a port': () => new HttpAgent({ port: partsOf(other.origin).port }),
    'a host and a port that were set later': () =>
      Object.assign(new HttpAgent(), { options: { ...partsOf(other.origin), path: null } }),
  };

  async function send(options: object): Promise<void> {
    const outgoing = baggageRequest({ egress: egress() })(good.origin, options);
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    await text(response);
  }

  test('judges a URL without a port by the default port of its agent', async () => {
    const { host, port } = partsOf(other.origin);
    const agent = Object.assign(new HttpAgent(), { defaultPort: port });
    const request = baggageRequest({ egress: { to: { [`http://${host}`]: ['lane'] } } });
    const outgoing = inRequest(dye, () => request(`http://${host}/`, { agent }));
    await once(outgoing.end(), 'response');
    expect(otherSaw()).toEqual(['']);
  });

  test.each(Object.entries(agents))('judges an agent that has %s by these', async (_what, open) => {
    await inRequest(dye, () => send({ agent: open() }));
    await inRequest(dye, () => send({ agent: open(), headers: { baggage: dye } }));
    expect([goodSaw(), otherSaw()]).toEqual([[], ['', '']]);
  });

  test('judges an agent that leads to a destination of the policy by that', async () => {
    const outgoing = inRequest(dye, () =>
      baggageRequest({ egress: egress() })(other.origin, {
        agent: new HttpAgent(partsOf(good.origin)),
      }),
    );
    outgoing.end();
    await once(outgoing, 'response');
    expect([goodSaw(), otherSaw()]).toEqual([['lane=gray'], []]);
  });

  test('sends nothing through the Unix socket of the options, of an agent, or of the global agent', async () => {
    const agent = new HttpAgent({ socketPath } as object);
    await inRequest(dye, () => send({ agent }));
    await inRequest(dye, () => send({ socketPath }));
    const { globalAgent } = http;
    http.globalAgent = agent;
    try {
      await inRequest(dye, () => send({}));
    } finally {
      http.globalAgent = globalAgent;
    }
    expect(viaSocket.slice(beforeSocket)).toEqual([undefined, undefined, undefined]);
  });
});

describe('node-fetch', () => {
  const partsOf = (origin: string): object => ({
    host: new URL(origin).hostname,
    port: Number(new URL(origin).port),
  });

  test.each<[string, () => unknown]>([
    ['that is an agent', () => new HttpAgent(partsOf(other.origin))],
    ['that returns an agent', () => () => new HttpAgent(partsOf(other.origin))],
  ])('judges an `agent` %s by its options', async (_what, agent) => {
    const fetch = baggageFetch({ egress: egress(), fetch: nodeFetch as unknown as typeof globalThis.fetch });
    await inRequest(dye, async () => (await fetch(good.origin, { agent: agent() } as RequestInit)).text());
    expect([goodSaw(), otherSaw()]).toEqual([[], ['']]);
  });

  test('rejects, and does not throw, where its agent or headers fail', async () => {
    const fetch = baggageFetch({ egress: egress(), fetch: nodeFetch as unknown as typeof globalThis.fetch });
    const agent = (): never => {
      throw new Error('no agent');
    };
    await expect(fetch(good.origin, { agent } as RequestInit)).rejects.toThrow('no agent');
    await expect(fetch(good.origin, { headers: { 'a b': '1' } })).rejects.toThrow(TypeError);
  });
});
