import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  emit,
  getActiveCell,
  getActiveLane,
  GraylaneBaggagePropagator,
  type IngressPolicy,
} from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageListener } from '@graylane/baggage/http';
import {
  context,
  defaultTextMapGetter,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
} from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import express from 'express';
import { afterEach, describe, expect, test } from 'vitest';

const sent = 'lane=gray,pins=fees.on.7,user-id=mallory,tenant=acme';
const egress = { to: { anywhere: ['lane', 'user-id', 'tenant'] } };
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Seen {
  readonly lane: string;
  readonly pins: number;
  readonly members: readonly string[];
  readonly outgoing: string | undefined;
}

/** What counts in an OTel context that the handler has extracted itself. */
function seenAfter(
  carrier: object,
  propagator: TextMapPropagator = new W3CBaggagePropagator(),
  from = context.active(),
): Seen {
  return context.with(propagator.extract(from, carrier, defaultTextMapGetter), () => ({
    lane: getActiveLane(),
    pins: getActiveCell()?.pins.size ?? 0,
    members:
      propagation
        .getActiveBaggage()
        ?.getAllEntries()
        .map(([key]) => key) ?? [],
    outgoing: emit(context.active(), egress, 'anywhere'),
  }));
}

const adapters: Record<string, (ingress: IngressPolicy, handle: RequestListener) => RequestListener> = {
  'node:http': (ingress, handle) => baggageListener({ ingress }, handle),
  express: (ingress, handle) => {
    const app = express();
    app.use(baggageMiddleware({ ingress }));
    app.use((request, response) => {
      handle(request, response);
    });
    return app;
  },
};

async function inHandler<T>(
  [adapter, ingress]: readonly [string, IngressPolicy],
  look: (request: IncomingMessage) => T,
): Promise<T> {
  const results: T[] = [];
  const listener = adapters[adapter]?.(ingress, (request, response) => {
    results.push(look(request));
    response.end();
  });
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await fetch(`http://127.0.0.1:${port}/`, { headers: { baggage: sent } });
  const [result] = results;
  if (result === undefined) throw new Error('the handler was not called');
  return result;
}

describe.each(Object.keys(adapters))(
  'a handler behind %s that extracts from the headers again',
  (adapter) => {
    const strip: readonly [string, IngressPolicy] = [adapter, { mode: 'strip' }];
    const accept: readonly [string, IngressPolicy] = [adapter, { mode: 'accept', keys: ['lane', 'tenant'] }];
    const admitted = 'lane=gray,pins=fees.on.7,tenant=acme';
    const nothing = { lane: 'baseline', pins: 0, members: [], outgoing: undefined };

    test('finds nothing that the policy stripped', async () => {
      expect(await inHandler(strip, ({ headers }) => seenAfter(headers))).toEqual(nothing);
      expect(await inHandler(strip, ({ headers }) => headers)).not.toHaveProperty('baggage');
    });

    test('finds what the policy admitted, and no more', async () => {
      const seen = await inHandler(accept, ({ headers }) => seenAfter(headers));
      expect(seen).toMatchObject({ lane: 'gray', outgoing: admitted });
      expect(seen.members.toSorted()).toEqual(['lane', 'pins', 'tenant']);
      const { baggage } = await inHandler(accept, ({ headers }) => headers);
      expect(baggage).toBe(admitted);
    });

    test('finds the request itself with our propagator, dyes included', async () => {
      const ours = new GraylaneBaggagePropagator({ ingress: { mode: 'strip' } });
      const seen = await inHandler(accept, ({ headers }) => seenAfter(headers, ours, ROOT_CONTEXT));
      expect(seen).toMatchObject({ lane: 'gray', outgoing: admitted });
    });

    test('that has kept the raw header gets other members back, but neither a lane nor pins', async () => {
      const raw = ({ rawHeaders }: IncomingMessage): object => ({
        baggage: rawHeaders[rawHeaders.findIndex((name) => name.toLowerCase() === 'baggage') + 1],
      });
      const seen = await inHandler(strip, (request) => seenAfter(raw(request)));
      expect(seen).toMatchObject({ lane: 'baseline', pins: 0, outgoing: 'user-id=mallory,tenant=acme' });
      const atRoot = await inHandler(strip, (request) => seenAfter(raw(request), undefined, ROOT_CONTEXT));
      expect(atRoot).toMatchObject({ lane: 'baseline', pins: 0, outgoing: undefined });
    });
  },
);
