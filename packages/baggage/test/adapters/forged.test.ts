import { baggageCounts, getActiveLane } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageServerInterceptor } from '@graylane/baggage/grpc';
import { baggageListener } from '@graylane/baggage/http';
import express from 'express';
import { connect } from 'node:http2';
import type { RequestListener } from 'node:http';
import { Agent } from 'undici';
import { describe, expect, test } from 'vitest';
import { rawUnary, serveEcho } from './grpc-echo.ts';
import { serve } from './http-listener.ts';
import { forgedLanes, signedLane, verify } from './signed-lanes.ts';

const forged = 10_000;

describe.each<readonly [string, (handler: RequestListener) => RequestListener]>([
  ['express', (handler) => express().use(baggageMiddleware({ ingress: verify }), handler)],
  ['node:http', (handler) => baggageListener({ ingress: verify }, handler)],
])('%s', (_name, wrap) => {
  test('takes none of 10,000 forged lanes for gray, and the one that the edge has signed', async () => {
    const server = await serve(wrap((_request, response) => void response.end(getActiveLane())));
    const agent = new Agent({ connections: 16 });
    const ask = async (baggage: string): Promise<string> => {
      const { body } = await agent.request({
        origin: server.origin,
        path: '/',
        method: 'GET',
        headers: { baggage },
      });
      return body.text();
    };
    await expectBaseline(ask, 16);
    await agent.close();
    await server.close();
  });
});

test('a gRPC server takes none of 10,000 forged lanes for gray, and the one that the edge has signed', async () => {
  const server = await serveEcho([baggageServerInterceptor({ ingress: verify })], undefined, async () => {});
  const session = connect(`http://127.0.0.1:${server.port}`);
  const ask = async (baggage: string): Promise<string> => {
    const [seen = ''] = (await rawUnary(session, baggage)) as string[];
    return seen.replace('handler ', '');
  };
  await expectBaseline(ask, 16);
  session.close();
  server.close();
});

/** Sends requests with every forged lane, some at a time, and with genuine ones in between. */
async function expectBaseline(ask: (baggage: string) => Promise<string>, atATime: number): Promise<void> {
  const before = refused();
  const headers = forgedLanes(forged);
  const lanes = new Map<string, number>();
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (let header = headers.pop(); header !== undefined; header = headers.pop()) {
        const lane = await ask(header);
        lanes.set(lane, (lanes.get(lane) ?? 0) + 1);
        if (headers.length % 1_000 === 0) expect(await ask(signedLane())).toBe('gray');
      }
    }),
  );
  expect([...lanes]).toEqual([['baseline', forged]]);
  expect(refused() - before).toBe(forged);
}

/** How many lanes were forged or past their time. */
function refused(): number {
  const { forged: untrue = 0, expired = 0 } = baggageCounts();
  return untrue + expired;
}
