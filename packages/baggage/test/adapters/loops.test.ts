import { baggageCounts, getActiveLane, type IngressPolicy } from '@graylane/baggage';
import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
import { baggageListener } from '@graylane/baggage/http';
import { afterEach, expect, test } from 'vitest';
import { connectEcho, serveEcho } from './grpc-echo.ts';
import { serve } from './http-listener.ts';
import { inRequest } from './in-request.ts';
import { signedLane, verify } from './signed-lanes.ts';

const accept = { mode: 'accept', keys: ['lane', 'user-id'] } as const;
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

test('two services that call each other in a lane: one with maxHops ends the loop', async () => {
  const looped = baggageCounts().looped ?? 0;
  const visits = await roundBetween({ ...accept, maxHops: 6 }, accept, 'lane=gray,user-id=ada');
  const counted = Array.from({ length: 6 }, (_, index) => `lane=gray,lane-seal=1.${index + 1}.,user-id=ada`);
  expect(visits).toEqual(['lane=gray,user-id=ada', ...counted]);
  expect((baggageCounts().looped ?? 0) - looped).toBe(1);
});

test('a signed lane ends after 32 hops by default', async () => {
  const signed = signedLane();
  const visits = await roundBetween(verify, verify, signed);
  expect(visits).toEqual(Array.from({ length: 33 }, (_, index) => signed.replace('=1.0.', `=1.${index}.`)));
});

test('a lane that counts no hops is forwarded as it is without maxHops', async () => {
  const visits = await roundBetween(accept, accept, 'lane=gray,user-id=ada', 50);
  expect(visits).toEqual(Array(50).fill('lane=gray,user-id=ada'));
});

test('a gRPC service that calls itself in a lane comes to an end', async () => {
  const ingress = { ...accept, maxHops: 4 };
  const lanes: string[] = [];
  const service = await serveEcho([baggageServerInterceptor({ ingress })], undefined, async () => {
    lanes.push(getActiveLane());
    if (getActiveLane() === 'gray') await client.unary();
  });
  const egress = { to: { [`grpc://127.0.0.1:${service.port}`]: accept.keys } };
  const client = connectEcho(`127.0.0.1:${service.port}`, [baggageClientInterceptor({ egress })]);
  open.push(client, service);
  await inRequest('lane=gray,user-id=ada', () => client.unary());
  expect(lanes).toEqual(['gray', 'gray', 'gray', 'gray', 'baseline']);
  expect(service.received.all.at(-1)).toEqual(['user-id=ada']);
});

/**
 * The headers that arrive, in turn, at two services that call each other as long as the request is
 * in gray, `most` times at most.
 */
async function roundBetween(
  first: IngressPolicy,
  second: IngressPolicy,
  baggage: string,
  most = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const visits: string[] = [];
  const origins: string[] = [];
  const start = async (ingress: IngressPolicy, other: number): Promise<string> => {
    const service = await serve(
      baggageListener({ ingress }, ({ rawHeaders }, response) => {
        visits.push(rawHeaders[rawHeaders.indexOf('baggage') + 1] ?? '');
        const onward = async (): Promise<unknown> => {
          const to = origins[other] ?? '';
          const fetch = baggageFetch({ egress: { to: { [to]: accept.keys } } });
          return getActiveLane() === 'gray' && visits.length < most ? (await fetch(to)).text() : '';
        };
        void onward().then(() => response.end());
      }),
    );
    open.push(service);
    return service.origin;
  };
  origins.push(await start(first, 1));
  origins.push(await start(second, 0));
  await (await fetch(origins[0] ?? '', { headers: { baggage } })).text();
  return visits;
}
