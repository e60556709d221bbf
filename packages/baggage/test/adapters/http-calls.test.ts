import { setCallListener } from '@graylane/baggage';
import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageRequest } from '@graylane/baggage/http';
import { baggageInterceptor } from '@graylane/baggage/undici';
import nodeFetch from 'node-fetch';
import { once } from 'node:events';
import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { Agent, fetch as undiciFetch, interceptors, type Dispatcher } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../../test/support/shop.ts';
import { listen, type Listener } from './http-listener.ts';
import { inRequest } from './in-request.ts';
import { byLane, recordCalls, type RecordedCalls } from './recorded-calls.ts';

let listener: Listener;
let recorded: () => Promise<readonly RecordedCalls[]>;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => (listener = await listen()));
afterAll(() => listener.close());
beforeEach(() => (recorded = recordCalls()));
afterEach(async () => {
  setCallListener(undefined);
  await Promise.all(closing.splice(0).map((close) => close()));
});

type Send = (url: string, signal?: AbortSignal) => Promise<unknown>;

/** Clients that have one connection, so that all lanes share it. */
const clients: Readonly<Record<string, () => Send>> = {
  'the built-in fetch': () => {
    const dispatcher = closed(new Agent({ connections: 1 }));
    const fetch = baggageFetch({ egress: egress() });
    return async (url, signal) =>
      (await fetch(url, { dispatcher, ...(signal && { signal }) } as unknown as RequestInit)).text();
  },
  "undici's fetch": () => {
    const dispatcher = closed(new Agent({ connections: 1 }));
    const fetch = baggageFetch({
      egress: egress(),
      fetch: undiciFetch as unknown as typeof globalThis.fetch,
    });
    return async (url, signal) =>
      (await fetch(url, { dispatcher, ...(signal && { signal }) } as unknown as RequestInit)).text();
  },
  'node-fetch': () => {
    const agent = new HttpAgent({ keepAlive: true, maxSockets: 1 });
    closing.push(async () => agent.destroy());
    const fetch = baggageFetch({ egress: egress(), fetch: nodeFetch as unknown as typeof globalThis.fetch });
    return async (url, signal) =>
      (await fetch(url, { agent, ...(signal && { signal }) } as unknown as RequestInit)).text();
  },
  undici: () => requesting(new Agent({ connections: 1 }).compose(baggageInterceptor({ egress: egress() }))),
  'node:http': () => {
    const agent = new HttpAgent({ keepAlive: true, maxSockets: 1 });
    closing.push(async () => agent.destroy());
    const send = baggageRequest({ egress: egress() });
    return async (url, signal) => {
      const request = send.get(url, { agent, ...(signal && { signal }) });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      return text(response);
    };
  },
};

for (const [name, open] of Object.entries(clients)) {
  describe(`calls of ${name}`, () => {
    test('are recorded once each, for the lane of their own request over one connection', async () => {
      const send = open();
      const lanes = Array.from({ length: 60 }, (_, index) =>
        index % 3 === 0 ? 'gray' : `lane-${index % 3}`,
      );
      await Promise.all(
        lanes.map((lane, index) =>
          index % 2 === 0 ? send(listener.origin) : inRequest(`lane=${lane}`, () => send(listener.origin)),
        ),
      );
      await eventually(async () =>
        expect(byLane(await recorded())).toEqual({ baseline: 30, gray: 10, 'lane-1': 10, 'lane-2': 10 }),
      );
    });

    test('show method, server and status, and neither path nor id', async () => {
      const send = open();
      await inRequest('lane=gray', () => send(`${listener.origin}/orders/4711?user=ada`));
      await inRequest('lane=gray', () => send(`${listener.origin}/status/503`));
      const call = {
        kind: 'http.client.request',
        'http.request.method': 'GET',
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(listener.origin).port),
        lane: 'gray',
        count: 1,
      };
      await eventually(async () =>
        expect(await recorded()).toEqual([
          { ...call, 'http.response.status_code': 200 },
          { ...call, 'http.response.status_code': 503, 'error.type': '503' },
        ]),
      );
    });

    test('are recorded once with the type of their error', async () => {
      const send = open();
      const refusing = await listen();
      await refusing.close();
      await expect(inRequest('lane=gray', () => send(refusing.origin))).rejects.toBeInstanceOf(Error);
      const aborted = new AbortController();
      const late = inRequest('lane=gray', () => send(`${listener.origin}/never`, aborted.signal));
      late.catch(() => {});
      await listener.received.until(({ path }) => path === '/never');
      aborted.abort();
      await expect(late).rejects.toBeInstanceOf(Error);
      await eventually(async () => {
        const calls = await recorded();
        expect(calls.map(({ lane, count }) => [lane, count])).toEqual([
          ['gray', 1],
          ['gray', 1],
        ]);
        expect(calls.map((call) => call['error.type'])).toEqual(
          expect.arrayContaining([
            'ECONNREFUSED',
            expect.stringMatching(/^(AbortError|UND_ERR_ABORTED|ABORT_ERR)$/),
          ]),
        );
      });
    });
  });
}

describe('nested and repeated calls', () => {
  test('an interceptor inside of fetch does not record the call again', async () => {
    const dispatcher = closed(new Agent({ connections: 1 })).compose(
      baggageInterceptor({ egress: egress() }),
    );
    const options = { dispatcher } as unknown as RequestInit;
    const builtIn = baggageFetch({ egress: egress() });
    const foreign = baggageFetch({
      egress: egress(),
      fetch: undiciFetch as unknown as typeof globalThis.fetch,
    });
    await inRequest('lane=gray', async () => (await foreign(listener.origin, options)).text());
    await inRequest('lane=gray', async () => (await builtIn(listener.origin)).text());
    await eventually(async () => expect(byLane(await recorded())).toEqual({ gray: 2 }));
  });

  test('a redirect is a request of its own, and a retry inside of the adapter is not', async () => {
    const fetch = baggageFetch({ egress: egress() });
    const to = encodeURIComponent(`${listener.origin}/there`);
    await inRequest('lane=gray', async () => (await fetch(`${listener.origin}/to/${to}`)).text());
    await eventually(async () => expect(byLane(await recorded())).toEqual({ gray: 2 }));
    recorded = recordCalls();
    const retrying = new Agent().compose(
      interceptors.retry({ minTimeout: 1, maxRetries: 2 }),
      baggageInterceptor({ egress: egress() }),
    );
    await requesting(retrying)(`${listener.origin}/flaky`);
    await eventually(async () => expect((await recorded()).map(({ count }) => count)).toEqual([1]));
  });

  test('a redirect that undici follows outside of the interceptor is a request of its own', async () => {
    const send = requesting(
      new Agent().compose(
        baggageInterceptor({ egress: egress() }),
        interceptors.redirect({ maxRedirections: 3 }),
      ),
    );
    const to = encodeURIComponent(`${listener.origin}/there`);
    await inRequest('lane=gray', () => send(`${listener.origin}/to/${to}`));
    await eventually(async () => expect(byLane(await recorded())).toEqual({ gray: 2 }));
  });

  test('a method of the caller is one value', async () => {
    const fetch = baggageFetch({ egress: egress() });
    for (const method of ['PURGE', 'M-SEARCH']) await (await fetch(listener.origin, { method })).text();
    await eventually(async () =>
      expect((await recorded()).map((call) => [call['http.request.method'], call.count])).toEqual([
        ['_OTHER', 2],
      ]),
    );
  });
});

describe('a listener that throws', () => {
  test.each(['at the start', 'at the end'])('breaks no request: %s', async (when) => {
    const fail = (): never => {
      throw new Error('listener');
    };
    setCallListener({ start: when === 'at the start' ? fail : () => fail });
    const fetch = baggageFetch({ egress: egress() });
    expect(await (await fetch(listener.origin)).text()).toBe('ok');
  });
});

test('node discards a response and throws an error that have no listener, as it does without us', async () => {
  const send = baggageRequest({ egress: egress() });
  const unread = send.get(listener.origin);
  await once(unread, 'close');
  expect((await recorded()).map(({ count }) => count)).toEqual([1]);
  expect(unread.listenerCount('error')).toBe(0);
  expect(unread.listenerCount('response')).toBe(0);
  unread.destroy();
});

function egress(): { to: Record<string, string[]> } {
  return { to: { [listener.origin]: ['lane'] } };
}

function closed<Client extends Dispatcher>(client: Client): Client {
  closing.push(() => client.destroy());
  return client;
}

function requesting(dispatcher: Dispatcher): Send {
  closing.push(() => dispatcher.destroy());
  return async (url, signal) => {
    const { origin, pathname, search } = new URL(url);
    const { body } = await dispatcher.request({
      origin,
      path: pathname + search,
      method: 'GET',
      ...(signal && { signal }),
    });
    return body.text();
  };
}
