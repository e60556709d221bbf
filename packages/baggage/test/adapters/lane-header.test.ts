import { runInLane } from '@graylane/baggage';
import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageListener, baggageRequest } from '@graylane/baggage/http';
import { baggageInterceptor } from '@graylane/baggage/undici';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, interceptors, request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { listen, serve } from './http-listener.ts';

type Call = (url: string, egress: Egress, headers: Record<string, string>) => Promise<unknown>;
interface Egress {
  to: Record<string, string[]>;
  laneHeader?: string;
}

const clients: Record<string, Call> = {
  fetch: async (url, egress, headers) => (await baggageFetch({ egress })(url, { headers })).text(),
  'another fetch': async (url, egress, headers) =>
    (await baggageFetch({ egress, fetch: (...call) => fetch(...call) })(url, { headers })).text(),
  'undici, following redirects': async (url, egress, headers) => {
    const redirect = interceptors.redirect({ maxRedirections: 1 });
    const dispatcher = new Agent().compose(baggageInterceptor({ egress }), redirect);
    return (await request(url, { dispatcher, headers })).body.text();
  },
  undici: async (url, egress, headers) => {
    const dispatcher = new Agent().compose(baggageInterceptor({ egress }));
    return (await request(url, { dispatcher, headers })).body.text();
  },
  'node:http': async (url, egress, headers) => {
    const outgoing = baggageRequest({ egress })(url, { headers, agent: false }).end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return answer.resume();
  },
};
const followers = new Set(['fetch', 'undici, following redirects']);
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe.each(Object.entries(clients))('the header of a mesh, sent by %s', (name, call) => {
  test('repeats the lane to destinations that may see it, and sends no stale one', async () => {
    const listener = await listen();
    open.push(listener);
    const { origin } = listener;
    const stale = { 'x-lane': 'stale', 'X-Other': '1' };
    const seen = async (lane: string, egress: Egress): Promise<unknown> => {
      await runInLane(lane, () => call(origin, egress, stale), { members: { 'user-id': 'ada' } });
      return listener.received.all.at(-1)?.headers['x-lane'];
    };
    const mesh = { to: { [origin]: ['lane', 'user-id'] }, laneHeader: 'X-Lane' };
    expect(await seen('gray', mesh)).toBe('gray');
    expect(await seen('baseline', mesh)).toBeUndefined();
    expect(await seen('gray', { ...mesh, to: { [origin]: ['user-id'] } })).toBeUndefined();
    expect(await seen('gray', { ...mesh, to: {} })).toBeUndefined();
    expect(await seen('gray', { to: mesh.to })).toBe('stale');
    expect(listener.received.all.map(({ headers }) => headers['x-other'])).toEqual(Array(5).fill('1'));
  });

  test('goes to no stranger behind a redirect', async () => {
    const [friend, stranger] = [await listen(), await listen()];
    open.push(friend, stranger);
    const mesh = { to: { [friend.origin]: ['lane'] }, laneHeader: 'X-Lane' };
    const away = `${friend.origin}/to/${encodeURIComponent(stranger.origin)}`;
    await runInLane('gray', () => call(away, mesh, { 'x-lane': 'stale' }));
    expect(friend.received.all.map(({ headers }) => headers['x-lane'])).toEqual(['gray']);
    expect(stranger.received.all).toHaveLength(followers.has(name) ? 1 : 0);
    for (const { headers } of stranger.received.all) expect(headers).not.toHaveProperty('x-lane');
  });
});

test('a service behind a mesh takes the lane from its header', async () => {
  const ingress = { mode: 'accept', keys: ['lane'], laneHeader: 'x-lane' } as const;
  const orders = await serve(baggageListener({ ingress }, (_request, response) => response.end()));
  open.push(orders);
  const egress = { to: { [orders.origin]: ['lane'] }, laneHeader: 'x-lane' };
  const answer = await runInLane('gray', () => baggageFetch({ egress })(orders.origin));
  expect(answer.headers.get('graylane-lane')).toBe('gray');
  expect(answer.headers.get('vary')).toBe('Baggage, x-lane');
});
