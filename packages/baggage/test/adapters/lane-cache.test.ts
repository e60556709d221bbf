import { getActiveLane, type Dye } from '@graylane/baggage';
import { baggageListener, type BaggageListenerOptions } from '@graylane/baggage/http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { nginx, startCachingProxy, type CachingProxy } from '../../../../test/components/services/nginx.ts';
import { serve } from './http-listener.ts';

const dye: Dye<IncomingMessage> = {
  client: { getStringValue: (_flag, lane, { targetingKey }) => (targetingKey === 'ada' ? 'gray' : lane) },
  evaluationContext: ({ headers }) => ({ targetingKey: headers['x-user'] as string }),
};
const accept = { ingress: { mode: 'accept', keys: ['lane', 'user-id'], laneHeader: 'x-lane' } } as const;
const ada = { 'x-user': 'ada' };
const bob = { 'x-user': 'bob' };
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

await describeWith(nginx, 'behind a caching proxy', () => {
  const cacheable: [string, OutgoingHttpHeaders][] = [
    ['that may be cached', { 'Cache-Control': 'public, max-age=600, s-maxage=600' }],
    ['without a word on caching', {}],
    ['that nginx is told to keep', { 'X-Accel-Expires': '600', 'Cache-Control': 'public' }],
    ['that varies already', { Vary: 'Accept-Encoding', Expires: 'Thu, 31 Dec 2099 00:00:00 GMT' }],
  ];

  test('a response without its lane reaches the other lane: the proxy does cache', async () => {
    const proxy = await behind({ dye, laneResponse: false });
    expect((await proxy.get('/', ada)).body).toBe('you are in gray');
    expect(await proxy.get('/', bob)).toMatchObject({ body: 'you are in gray', cache: 'HIT' });
  });

  test.each(cacheable)(
    'a dyed response %s reaches no other request, gray first or baseline first',
    async (_what, headers) => {
      for (const users of [
        [ada, bob, ada],
        [bob, ada, bob],
      ]) {
        const proxy = await behind({ dye }, headers);
        for (const user of users) {
          const lane = user === ada ? 'gray' : 'baseline';
          const answer = await proxy.get('/', user);
          expect(answer).toMatchObject({ body: `you are in ${lane}`, cache: 'MISS' });
          expect(answer.headers['graylane-lane']).toBe(lane);
        }
      }
    },
  );

  test.each(cacheable)(
    'a response %s is cached for each lane, where the request names it',
    async (_what, headers) => {
      for (const lanes of [
        ['gray', 'baseline'],
        ['baseline', 'gray'],
      ]) {
        const proxy = await behind({ dye }, headers);
        for (const cache of ['MISS', 'HIT']) {
          for (const lane of lanes) {
            const user = lane === 'gray' ? ada : bob;
            const answer = await proxy.get('/', { ...user, 'Graylane-Lane': lane });
            expect(answer).toMatchObject({ body: `you are in ${lane}`, cache });
          }
        }
      }
    },
  );

  test('a request that names a lane which is not its own fills no cache', async () => {
    const proxy = await behind({ dye }, { 'Cache-Control': 'public, max-age=600' });
    expect((await proxy.get('/', { ...bob, 'Graylane-Lane': 'gray' })).body).toBe('you are in baseline');
    const answer = await proxy.get('/', { ...ada, 'Graylane-Lane': 'gray' });
    expect(answer).toMatchObject({ body: 'you are in gray', cache: 'MISS' });
  });

  test('inside, a response varies by the headers that the lane came with', async () => {
    const gray = { baggage: 'lane=gray' };
    const named = { 'x-lane': 'gray' };
    for (const requests of [
      [gray, {}, named],
      [{}, named, gray],
      [named, gray, {}],
    ]) {
      const proxy = await behind(accept, { 'Cache-Control': 'public, max-age=600' });
      for (const headers of [...requests, ...requests] as Record<string, string>[]) {
        const lane = 'baggage' in headers || 'x-lane' in headers ? 'gray' : 'baseline';
        expect((await proxy.get('/', headers)).body).toBe(`you are in ${lane}`);
      }
    }
  });

  test('inside, a response is cached for each lane', async () => {
    const proxy = await behind(accept, { 'Cache-Control': 'public, max-age=600' });
    for (const cache of ['MISS', 'HIT']) {
      for (const lane of ['gray', 'baseline']) {
        const headers: Record<string, string> = lane === 'gray' ? { baggage: 'lane=gray' } : {};
        expect(await proxy.get('/', headers)).toMatchObject({ body: `you are in ${lane}`, cache });
      }
    }
  });
});

async function behind(
  options: BaggageListenerOptions,
  headers: OutgoingHttpHeaders = {},
): Promise<CachingProxy> {
  const origin = await serve(
    baggageListener(options, (_request, response) => {
      response.writeHead(200, headers).end(`you are in ${getActiveLane()}`);
    }),
  );
  open.push(origin);
  const proxy = await startCachingProxy(origin.origin);
  open.push(proxy);
  return proxy;
}
