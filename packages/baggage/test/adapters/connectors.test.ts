import { baggageCounts, type EgressPolicy } from '@graylane/baggage';
import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageRequest } from '@graylane/baggage/http';
import { baggageInterceptor } from '@graylane/baggage/undici';
import KeepAliveAgent from 'agentkeepalive';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http, { createServer, type Agent as HttpAgent, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import nodeFetch from 'node-fetch';
import { tmpdir } from 'node:os';
import { SocksProxyAgent } from 'socks-proxy-agent';
import { text } from 'node:stream/consumers';
import {
  Agent,
  BalancedPool,
  buildConnector,
  Client,
  fetch as undiciFetch,
  interceptors,
  Pool,
  ProxyAgent,
  type Dispatcher,
} from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listen, type Listener } from './http-listener.ts';
import { inRequest } from './in-request.ts';
import { openHttpProxy, openSocksProxy, type Proxy } from './proxies.ts';

/*
 * Code of the application may open the connection: an agent, `createConnection`, a `connect` of
 * undici. The policy names `good`; such code leads to `other`, or to a Unix socket.
 */

const dye = 'lane=gray,user-id=ada';
let good: Listener;
let other: Listener;
let socketPath: string;
let local: http.Server;
let lines: string[];
const viaSocket: (string | undefined)[] = [];
const closing: { close(): unknown }[] = [];

beforeAll(async () => {
  good = await listen();
  other = await listen();
  socketPath = `${mkdtempSync(`${tmpdir()}/graylane-`)}/socket`;
  local = createServer((incoming, response) => {
    viaSocket.push(incoming.headers['baggage'] as string | undefined);
    response.end('ok');
  });
  await once(local.listen(socketPath), 'listening');
});
afterAll(async () => {
  local.close();
  local.closeAllConnections();
  rmSync(socketPath, { force: true });
  await good.close();
  await other.close();
});
let [beforeGood, beforeOther] = [0, 0];
beforeEach(() => {
  [beforeGood, beforeOther] = [good.received.all.length, other.received.all.length];
  viaSocket.length = 0;
  lines = [];
});
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

const egress = (): EgressPolicy => ({
  to: { [good.origin]: ['lane'], [named()]: ['lane'] },
  logger: { warn: (line) => void lines.push(line) },
});
/** The same server by a name, which has to be resolved. */
const named = (): string => `http://localhost:${new URL(good.origin).port}`;
const goodSaw = (): unknown[] => good.received.all.slice(beforeGood).map(({ baggage }) => baggage.join());
/** What came to a server that the policy does not name. */
const astraySaw = (): string[] => [
  ...other.received.all.slice(beforeOther).map(({ baggage }) => baggage.join()),
  ...viaSocket.map((value) => value ?? ''),
];
const partsOf = (origin: string): { host: string; port: number } => ({
  host: new URL(origin).hostname,
  port: Number(new URL(origin).port),
});
const unverified = (): number => baggageCounts().unverified ?? 0;

function keep<T extends { close(): unknown }>(one: T): T {
  closing.push(one);
  return one;
}

type Send = (
  dispatcher: Dispatcher,
  origin: string,
  options?: { trustConnectors: boolean },
) => Promise<unknown>;

const clients: Readonly<Record<string, Send>> = {
  'the built-in fetch': async (dispatcher, origin, options) =>
    (
      await baggageFetch({ egress: egress(), ...options })(origin, { dispatcher } as unknown as RequestInit)
    ).text(),
  "undici's fetch": async (dispatcher, origin, options) => {
    const fetch = undiciFetch as unknown as typeof globalThis.fetch;
    const wrapped = baggageFetch({ egress: egress(), fetch, ...options });
    return (await wrapped(origin, { dispatcher } as unknown as RequestInit)).text();
  },
  'the interceptor': async (dispatcher, origin, options) => {
    const composed = dispatcher.compose(baggageInterceptor({ egress: egress(), ...options }));
    return (await composed.request({ origin, path: '/', method: 'GET' })).body.text();
  },
};

const toOther = (): buildConnector.connector => {
  const connect = buildConnector({});
  return (options, callback) => {
    const { host: hostname, port } = partsOf(other.origin);
    connect({ ...options, hostname, port: String(port) }, callback);
  };
};
/** To the same port, so that the addresses alone differ. */
const toOtherAddress = (): buildConnector.connector => (_options, callback) => {
  const socket = connectTcp({ ...partsOf(good.origin), host: '127.0.0.1' }, () => callback(null, socket));
  socket.on('error', (error) => callback(error, null));
};

describe.each(Object.entries(clients))('%s sends nothing to where', (_client, send) => {
  test.each<[string, (origin: string) => Dispatcher]>([
    ['a `connect` of an Agent leads', () => new Agent({ connect: toOther() })],
    ['a `connect` of a Pool leads', (origin) => new Pool(origin, { connect: toOther() })],
    ['a `connect` of a Client leads', (origin) => new Client(origin, { connect: toOther() })],
    ['a `connect` of a BalancedPool leads', (origin) => new BalancedPool(origin, { connect: toOther() })],
    ['the socket of an Agent leads', () => new Agent({ connect: { socketPath } })],
    ['the `path` of an Agent leads', () => new Agent({ connect: { path: socketPath } as object })],
    ['the socket of a Pool leads', (origin) => new Pool(origin, { socketPath })],
    ['the socket of a Client leads', (origin) => new Client(origin, { socketPath })],
    ['the connected socket of a Client leads', (origin) => new Client(origin, { connect: { socketPath } })],
  ])('%s', async (_what, open) => {
    const dispatcher = keep(open(good.origin));
    const before = unverified();
    // At once, on one connection after the other, and on the same one again.
    await inRequest(dye, async () => Promise.all([1, 2, 3].map(async () => send(dispatcher, good.origin))));
    await inRequest(dye, () => send(dispatcher, good.origin));
    expect([goodSaw(), astraySaw()]).toEqual([[], ['', '', '', '']]);
    // An `Agent` that shows its socket is judged before it connects.
    if (!(dispatcher instanceof Agent)) expect(unverified()).toBe(before + 4);
  });

  test('a `connect` resolves the name by itself', async () => {
    await inRequest(dye, () => send(keep(new Agent({ connect: toOtherAddress() })), named()));
    expect(goodSaw()).toEqual(['']);
    expect(lines).toEqual([
      expect.stringMatching(/^graylane: a request called "http:\/\/localhost:.*trustConnectors: true/),
    ]);
  });

  test('but to the destination once that connection has closed', async () => {
    const astray = new Client(good.origin, { socketPath });
    await inRequest(dye, () => send(astray, good.origin));
    await astray.close();
    const right = keep(new Client(good.origin));
    await expect
      .poll(async () => {
        await inRequest(dye, () => send(right, good.origin));
        return goodSaw().at(-1);
      })
      .toBe('lane=gray');
    expect(astraySaw()).toEqual(['']);
  });

  test('but where `trustConnectors` trusts it', async () => {
    const dispatcher = keep(new Client(good.origin, { socketPath }));
    await inRequest(dye, () => send(dispatcher, good.origin, { trustConnectors: true }));
    expect(astraySaw()).toEqual(['lane=gray']);
  });
});

describe.each(Object.entries(clients))('%s sends through', (_client, send) => {
  test.each<[string, () => Dispatcher]>([
    ['limits and options of TLS', () => new Agent({ connect: { timeout: 60_000, ca: '', keepAlive: true } })],
    ['a connector of its own that leads there', () => new Agent({ connect: buildConnector({}) })],
    [
      'a connector around the standard one',
      () => {
        const connect = buildConnector({ timeout: 60_000 });
        return new Agent({ connect: (options, callback) => connect(options, callback) });
      },
    ],
    [
      'a resolver',
      () =>
        new Agent({
          connect: {
            lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
          },
        }),
    ],
    ['the cache of names', () => new Agent().compose(interceptors.dns())],
  ])('%s', async (_what, open) => {
    const dispatcher = keep(open());
    await inRequest(dye, async () => Promise.all([1, 2].map(async () => send(dispatcher, named()))));
    await inRequest(dye, () => send(dispatcher, named()));
    expect([goodSaw(), lines]).toEqual([Array.from({ length: 3 }, () => 'lane=gray'), []]);
  });
});

async function request(options: object, trustConnectors?: boolean): Promise<void> {
  const send = baggageRequest({ egress: egress(), ...(trustConnectors && { trustConnectors }) });
  const outgoing = send(good.origin, options).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  await text(response);
}

const elsewhere = (): ReturnType<typeof connectTcp> => connectTcp(partsOf(other.origin));

class LeadingAgent extends http.Agent {
  override createConnection(): ReturnType<typeof connectTcp> {
    return elsewhere();
  }
}

/** All hosts share one pool, so a request may get the connection to another host. */
class OnePool extends http.Agent {
  override getName(): string {
    return 'one';
  }
}

describe('http.request sends nothing through', () => {
  test.each<[string, () => object]>([
    ['createConnection', () => ({ createConnection: elsewhere })],
    ['createConnection, with no agent', () => ({ agent: null, createConnection: elsewhere })],
    ['an agent of a class of its own', () => ({ agent: new LeadingAgent() })],
    [
      'an agent whose method was replaced',
      () => ({ agent: Object.assign(new http.Agent(), { createConnection: elsewhere }) }),
    ],
    [
      'an agent that only has addRequest',
      () => ({
        agent: {
          addRequest: (outgoing: http.ClientRequest) => outgoing.onSocket(elsewhere()),
          defaultPort: 80,
        },
      }),
    ],
  ])('%s', async (_what, options) => {
    const before = unverified();
    await inRequest(dye, () => request(options()));
    await inRequest(dye, () => request({ ...options(), headers: { baggage: dye } }));
    expect([goodSaw(), astraySaw()]).toEqual([[], ['', '']]);
    expect(unverified()).toBe(before + 2);
    expect(lines).toEqual(
      Array.from({ length: 2 }, () => expect.stringMatching(/trustConnectors: true.*\(logged once\)$/)),
    );
  });

  test('an agent that mixes connections of hosts', async () => {
    const agent = new OnePool({ keepAlive: true, maxSockets: 1 });
    closing.push({ close: () => agent.destroy() });
    const plain = http.get(other.origin, { agent });
    const [response] = (await once(plain, 'response')) as [IncomingMessage];
    await text(response);
    await inRequest(dye, () => request({ agent }));
    expect([goodSaw(), astraySaw()]).toEqual([[], ['', '']]);
  });

  test.each([[{}], [{ agent: false }]])('a global agent of a class of its own, with %j', async (options) => {
    const { globalAgent } = http;
    http.globalAgent = new LeadingAgent();
    try {
      await inRequest(dye, () => request(options));
    } finally {
      http.globalAgent = globalAgent;
    }
    expect([goodSaw(), astraySaw()]).toEqual([[], ['']]);
  });

  test('but what `trustConnectors` trusts', async () => {
    await inRequest(dye, () => request({ createConnection: elsewhere }, true));
    expect(astraySaw()).toEqual(['lane=gray']);
  });

  test('an agent of node-fetch', async () => {
    const fetch = nodeFetch as unknown as typeof globalThis.fetch;
    const send = async (options: object): Promise<string> =>
      (
        await baggageFetch({ egress: egress(), fetch, ...options })(good.origin, {
          agent: () => new LeadingAgent(),
        } as RequestInit)
      ).text();
    await inRequest(dye, () => send({}));
    await inRequest(dye, () => send({ trustConnectors: true }));
    expect([goodSaw(), astraySaw()]).toEqual([[], ['', 'lane=gray']]);
  });
});

describe('http.request sends through', () => {
  test.each<[string, () => object]>([
    ['no agent', () => ({ agent: false })],
    [
      'an agent that keeps connections',
      () => ({ agent: new http.Agent({ keepAlive: true, maxSockets: 2 }) }),
    ],
    [
      'a class of its own that changes no connection',
      () => ({ agent: new (class extends http.Agent {})({ keepAlive: true }) }),
    ],
    ['agentkeepalive', () => ({ agent: new KeepAliveAgent() })],
    // Node does not use it where there is an agent.
    ['an agent beside createConnection', () => ({ agent: new http.Agent(), createConnection: elsewhere })],
    [
      'a resolver',
      () => ({
        lookup: (_name: string, _options: object, callback: (...args: unknown[]) => void) =>
          callback(null, '127.0.0.1', 4),
      }),
    ],
  ])('%s', async (_what, options) => {
    const { agent, ...others } = options() as { agent?: HttpAgent | false };
    if (agent) closing.push({ close: () => agent.destroy() });
    await inRequest(dye, () => request({ agent, ...others }));
    await inRequest(dye, () => request({ agent, ...others }));
    expect([goodSaw(), astraySaw(), lines]).toEqual([['lane=gray', 'lane=gray'], [], []]);
  });

  test.each<[string, () => Promise<Proxy>, (port: number) => HttpAgent]>([
    ['an HTTP proxy', openHttpProxy, (port) => new HttpsProxyAgent(`http://127.0.0.1:${port}`)],
    ['a SOCKS proxy', openSocksProxy, (port) => new SocksProxyAgent(`socks5://127.0.0.1:${port}`)],
  ])('%s', async (_what, openProxy, open) => {
    const proxy = keep(await openProxy());
    const agent = open(proxy.port);
    closing.push({ close: () => agent.destroy() });
    await inRequest(dye, () => request({ agent }));
    expect([goodSaw(), proxy.baggage, lines]).toEqual([['lane=gray'], [undefined], []]);
  });
});

describe('over TLS', () => {
  const read = (name: string): string =>
    readFileSync(new URL(`../../../source/test/fixtures/${name}`, import.meta.url), 'utf8');
  const ca = read('ca.pem');
  let secure: https.Server;
  let origin: string;
  const saw: string[] = [];
  beforeAll(async () => {
    secure = https.createServer(
      { key: read('server-key.pem'), cert: read('server.pem') },
      (incoming, response) => {
        saw.push(String(incoming.headers['baggage'] ?? ''));
        response.end('ok');
      },
    );
    await once(secure.listen(0, '127.0.0.1'), 'listening');
    origin = `https://localhost:${(secure.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    secure.close();
    secure.closeAllConnections();
  });
  beforeEach(() => void (saw.length = 0));
  const policy = (): EgressPolicy => ({
    to: { [origin]: ['lane'] },
    logger: { warn: (line) => void lines.push(line) },
  });

  test.each<[string, (proxy: Proxy) => HttpAgent]>([
    ['an agent with a certificate', () => new https.Agent({ ca, keepAlive: true })],
    ['agentkeepalive', () => new KeepAliveAgent.HttpsAgent({ ca })],
    ['an HTTP proxy', (proxy) => new HttpsProxyAgent(proxy.origin)],
  ])('http.request sends through %s', async (_what, open) => {
    const agent = open(keep(await openHttpProxy()));
    closing.push({ close: () => agent.destroy() });
    const outgoing = inRequest(dye, () => baggageRequest({ egress: policy() })(origin, { agent, ca }).end());
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    await text(response);
    expect([saw, lines]).toEqual([['lane=gray'], []]);
  });

  /** A socket to the server by another way, as the connectors of SOCKS proxies open one. */
  const around = (options: object): buildConnector.connector => {
    const connect = buildConnector(options);
    return (target, callback) => {
      const httpSocket = connectTcp((secure.address() as AddressInfo).port, '127.0.0.1', () =>
        connect({ ...target, httpSocket }, callback),
      );
    };
  };

  test.each<[string, string, (proxy: Proxy) => Dispatcher]>([
    ['a certificate', 'lane=gray', () => new Agent({ connect: { ca } })],
    ['a proxy', 'lane=gray', ({ origin: uri }) => new ProxyAgent({ uri, requestTls: { ca } })],
    [
      'a proxy, and proves nothing',
      'lane=gray',
      ({ origin: uri }) => new ProxyAgent({ uri, requestTls: { rejectUnauthorized: false } }),
    ],
    [
      'a way of its own, and proves to be the host',
      'lane=gray',
      () => new Agent({ connect: around({ ca }) }),
    ],
    [
      'a way of its own, and proves nothing',
      '',
      () => new Agent({ connect: around({ rejectUnauthorized: false }) }),
    ],
  ])('the peer of undici is reached by %s: %j', async (_what, expected, open) => {
    const dispatcher = keep(open(keep(await openHttpProxy())));
    const composed = dispatcher.compose(baggageInterceptor({ egress: policy() }));
    await inRequest(dye, async () =>
      (await composed.request({ origin, path: '/', method: 'GET' })).body.text(),
    );
    expect(saw).toEqual([expected]);
    expect(lines).toHaveLength(expected === '' ? 1 : 0);
  });
});
