import { baggageFetch } from '@graylane/baggage/fetch';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { listen, type Listener } from './http-listener.ts';
import { inRequest } from './in-request.ts';

const builtIn = globalThis.fetch;
let orders: Listener;
let partner: Listener;

beforeAll(async () => {
  orders = await listen();
  partner = await listen();
});
afterEach(() => {
  globalThis.fetch = builtIn;
});
afterAll(async () => {
  await orders.close();
  await partner.close();
});

const send = (url: string, init?: RequestInit | null): Promise<string> =>
  inRequest('lane=gray,user-id=ada', async () => (await fetch(url, init as RequestInit)).text());

test('baggageFetch can take the place of the global fetch, twice too: the latest policy decides', async () => {
  globalThis.fetch = baggageFetch({ egress: { to: { [orders.origin]: ['lane'] } } });
  await send(orders.origin);
  globalThis.fetch = baggageFetch({ egress: { to: { [orders.origin]: ['user-id'] } } });
  await send(orders.origin);
  await send(partner.origin);
  expect(orders.received.all.map(({ baggage }) => baggage)).toEqual([['lane=gray'], ['user-id=ada']]);
  expect(partner.received.all.map(({ baggage }) => baggage)).toEqual([[]]);
});

test('a fetch that replaces the global one later is not called, nor is the wrapper by itself', async () => {
  const wrapped = baggageFetch({ egress: { to: { [orders.origin]: ['lane'] } } });
  let calls = 0;
  globalThis.fetch = (...args) => {
    calls += 1;
    return wrapped(...args);
  };
  await send(orders.origin);
  expect(calls).toBe(1);
  expect(orders.received.all.at(-1)?.baggage).toEqual(['lane=gray']);
});

test.each([null, undefined, {}, { dispatcher: undefined }, { dispatcher: null }])(
  'the second argument may be %j',
  async (init) => {
    globalThis.fetch = baggageFetch({ egress: { to: { [orders.origin]: ['lane'] } } });
    expect(await send(orders.origin, init as RequestInit)).toBe('ok');
    expect(orders.received.all.at(-1)?.baggage).toEqual(['lane=gray']);
  },
);

test.each([null, 7, Symbol('url')])('it rejects %s as a URL, and does not throw', async (input) => {
  for (const fetch of [builtIn, async (url: string | URL | Request) => builtIn(url)]) {
    const wrapped = baggageFetch({ egress: { to: {} }, fetch }) as (input: unknown) => Promise<unknown>;
    await expect(wrapped(input)).rejects.toThrow(/parse URL from|Symbol value/);
  }
});

test('a dispatcher that is none does not make it throw', async () => {
  const wrapped = baggageFetch({ egress: { to: { [orders.origin]: ['lane'] } } });
  const init = { dispatcher: 7 } as unknown as RequestInit;
  await expect(Promise.resolve(wrapped(orders.origin, init)).catch(String)).resolves.toBeDefined();
});

test('without arguments it rejects as the built-in fetch does, and does not throw', async () => {
  const wrapped = baggageFetch({ egress: { to: {} } }) as () => Promise<unknown>;
  await expect(wrapped()).rejects.toThrow(TypeError);
});

test('an implementation of its own may get null, too', async () => {
  const given: unknown[] = [];
  const own: typeof globalThis.fetch = (_input, init) => {
    given.push(new Headers(init?.headers).get('baggage'));
    return Promise.resolve(new Response('ok'));
  };
  globalThis.fetch = baggageFetch({ egress: { to: { [orders.origin]: ['lane'] } }, fetch: own });
  await send(orders.origin, null);
  expect(given).toEqual(['lane=gray']);
});
