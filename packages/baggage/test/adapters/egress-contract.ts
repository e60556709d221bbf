import { getActiveLane } from '@graylane/baggage';
import type { EgressPolicy } from '@graylane/baggage';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listen, type Listener } from './http-listener.ts';
import { inRequest } from './in-request.ts';

/** One request, as every client can make it. */
export interface Call {
  readonly method?: string;
  readonly headers?: unknown;
  readonly body?: string | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** An HTTP client with our adapter around it. */
export interface HttpClient {
  /**
   * Returns the status and the whole body, read in the caller's context; rejects if the client
   * fails.
   */
  send(url: string, call?: Call): Promise<{ status: number; body: string; lane: string }>;
  close?(): Promise<void>;
}

/** A client under test. */
export interface HttpPeer {
  readonly name: string;
  open(this: void, egress: EgressPolicy): HttpClient;
  /** Every shape that the client takes headers in, holding these. */
  readonly shapes: ReadonlyArray<readonly [string, (pairs: readonly [string, string][]) => unknown]>;
  /** The handling of a redirect: followed, or passed to the caller. */
  readonly redirects: 'followed' | 'handed on';
}

const all = ['lane', 'user-id'];
const dye = 'lane=gray,user-id=ada,secret=1';

/** The contract of every adapter for outbound HTTP, over real sockets. */
export function egressContract({ name, open, shapes, redirects }: HttpPeer): void {
  let orders: Listener;
  let partner: Listener;
  let client: HttpClient;
  const closing: { close?(): Promise<void> }[] = [];

  beforeAll(async () => {
    orders = await listen();
    partner = await listen();
    client = open({ to: { [orders.origin]: all } });
  });
  afterAll(async () => {
    await client?.close?.();
    await orders?.close();
    await partner?.close();
  });
  let [before, beforePartner] = [0, 0];
  beforeEach(() => {
    [before, beforePartner] = [orders.received.all.length, partner.received.all.length];
  });
  afterEach(async () => {
    for (const one of closing.splice(0)) await one.close?.();
  });
  const seen = (): unknown[] => orders.received.all.slice(before).map(({ baggage }) => baggage);
  const seenByPartner = (): unknown[] =>
    partner.received.all.slice(beforePartner).map(({ baggage }) => baggage);

  describe(name, () => {
    test('sends one header, with the keys that the origin may see', async () => {
      await inRequest(dye, () => client.send(orders.origin));
      const narrow = remember(open({ to: { [orders.origin]: ['lane'] } }));
      await inRequest(dye, () => narrow.send(orders.origin));
      expect(seen()).toEqual([['lane=gray,user-id=ada'], ['lane=gray']]);
    });

    test('sends nothing where no request is dyed, or tracing is suppressed', async () => {
      await client.send(orders.origin);
      await inRequest(dye, () =>
        context.with(suppressTracing(context.active()), () => client.send(orders.origin)),
      );
      expect(seen()).toEqual([[], []]);
    });

    test('sends nothing to an origin that the policy does not name, by hand neither', async () => {
      const headers = { Baggage: dye };
      await inRequest(dye, () => client.send(partner.origin));
      await inRequest(dye, () => client.send(partner.origin, { headers }));
      await client.send(partner.origin, { headers });
      expect(seenByPartner()).toEqual([[], [], []]);
    });

    test.each(shapes)(
      'takes headers as %s: replaces a stale one, copies the others',
      async (_shape, make) => {
        const headers = make([
          ['x-tenant', 'acme'],
          ['BAGGAGE', 'lane=stale'],
          ['Accept', 'text/plain'],
        ]);
        const copy = JSON.stringify(contents(headers));
        deepFreeze(headers);
        await inRequest('lane=gray', () => client.send(orders.origin, { headers }));
        await client.send(orders.origin, { headers });
        expect(seen()).toEqual([['lane=gray'], []]);
        for (const { headers: arrived } of orders.received.all.slice(before)) {
          expect(arrived).toMatchObject({ 'x-tenant': 'acme', accept: 'text/plain' });
          expect(arrived.host).toBe(new URL(orders.origin).host);
        }
        expect(JSON.stringify(contents(headers))).toBe(copy);
      },
    );

    test('keeps 200 interleaved requests over kept-alive connections in their lanes', async () => {
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, index) => {
          const one = (): ReturnType<HttpClient['send']> => client.send(`${orders.origin}/drip/${index}`);
          return index % 2 === 0 ? inRequest(`lane=gray,user-id=u${index}`, one) : one();
        }),
      );
      for (const { path, baggage } of orders.received.all.slice(before)) {
        const index = Number(path.split('/').at(-1));
        expect(baggage).toEqual(index % 2 === 0 ? [`lane=gray,user-id=u${index}`] : []);
      }
      expect(answers.map(({ body }) => body)).toEqual(Array(200).fill('drip drop'));
      expect(answers.map(({ lane }) => lane)).toEqual(
        Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 'gray' : 'baseline')),
      );
    });

    test('sends bodies, in one piece or as a stream', async () => {
      await inRequest('lane=gray', () => client.send(orders.origin, { method: 'POST', body: 'whole' }));
      await inRequest('lane=gray', () => client.send(orders.origin, { method: 'POST', body: pieces() }));
      expect(orders.received.all.slice(before)).toMatchObject([
        { method: 'POST', body: 'whole', baggage: ['lane=gray'] },
        { method: 'POST', body: 'one two', baggage: ['lane=gray'] },
      ]);
    });

    test('passes the response on, and fails as the client fails', async () => {
      expect(await inRequest(dye, () => client.send(`${orders.origin}/status/500`))).toMatchObject({
        status: 500,
        body: 'as asked',
      });
      const gone = await listen();
      await gone.close();
      const unreachable = remember(open({ to: { [gone.origin]: all } }));
      await expect(inRequest(dye, () => unreachable.send(gone.origin))).rejects.toThrow(
        /ECONNREFUSED|fetch failed|Network Error/,
      );
    });

    test('a call can be aborted, and does not affect the next one', async () => {
      const abort = new AbortController();
      const aborted = inRequest('lane=gray', () =>
        client.send(`${orders.origin}/never`, { signal: abort.signal }),
      );
      await orders.received.take(before + 1);
      abort.abort();
      await expect(aborted).rejects.toThrow(/abort/i);
      await client.send(orders.origin);
      expect(seen()).toEqual([['lane=gray'], []]);
    });

    test(`redirects are ${redirects}, and nothing leaks to another origin`, async () => {
      const away = `${orders.origin}/to/${encodeURIComponent(`${partner.origin}/landed`)}`;
      const answer = await inRequest(dye, () => client.send(away, { headers: { baggage: dye } }));
      expect(answer.status).toBe(redirects === 'followed' ? 200 : 302);
      expect(seen()).toEqual([['lane=gray,user-id=ada']]);
      expect(seenByPartner()).toEqual(redirects === 'followed' ? [[]] : []);
    });

    if (redirects === 'followed') {
      test('a redirect within an origin is still in the lane, on a connection that others use, too', async () => {
        const here = `${orders.origin}/to/${encodeURIComponent('/landed')}`;
        await Promise.all(
          Array.from({ length: 40 }, (_, index) =>
            index % 2 === 0
              ? inRequest('lane=gray', () => client.send(`${here}/${index}`))
              : client.send(here),
          ),
        );
        const landed = orders.received.all.slice(before).filter(({ path }) => path === '/landed');
        expect(landed.filter(({ baggage }) => baggage.length === 0)).toHaveLength(20);
        expect(landed.filter(({ baggage }) => baggage[0] === 'lane=gray')).toHaveLength(20);
      });

      test('a redirect to another origin that the policy names carries what that one may see', async () => {
        const both = remember(open({ to: { [orders.origin]: all, [partner.origin]: ['lane'] } }));
        await inRequest(dye, () => both.send(`${orders.origin}/to/${encodeURIComponent(partner.origin)}`));
        expect(seenByPartner()).toEqual([['lane=gray']]);
      });
    }
  });

  function remember<T extends { close?(): Promise<void> }>(one: T): T {
    closing.push(one);
    return one;
  }
}

/** The lane of the code that called, for a client's `lane`. */
export function laneNow(): string {
  return getActiveLane();
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one ');
  await new Promise((resolve) => setTimeout(resolve, 1));
  yield Buffer.from('two');
}

function contents(headers: unknown): unknown {
  return typeof headers === 'object' && headers !== null && Symbol.iterator in headers
    ? [...(headers as Iterable<unknown>)]
    : headers;
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Headers) return;
  for (const part of Object.values(value)) deepFreeze(part);
  Object.freeze(value);
}
