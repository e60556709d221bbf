import { getActiveLane } from '@graylane/baggage';
import { baggageMiddleware as connectMiddleware } from '@graylane/baggage/connect';
import { baggagePlugin } from '@graylane/baggage/fastify';
import { baggageMiddleware as honoMiddleware } from '@graylane/baggage/hono';
import { baggageMiddleware as koaMiddleware } from '@graylane/baggage/koa';
import { getRequestListener } from '@hono/node-server';
import connect from 'connect';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import type { IncomingMessage, RequestListener } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { serve } from './http-listener.ts';
import { nestApplication } from './nest.ts';

const closing: { close(): Promise<void> }[] = [];
const ingress = { mode: 'accept', keys: ['lane'] } as const;
const client = { getStringValue: () => 'team-a' };

afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

interface App {
  readonly listener: RequestListener;
}

/**
 * An application as its framework's users write it: POST / responds with the lane and the body,
 * /late is dyed late, /fails throws.
 */
const apps: Readonly<Record<string, () => Promise<App>>> = {
  connect: async () => {
    const app = connect();
    app.use(connectMiddleware({ ingress }));
    app.use(
      '/late',
      connectMiddleware({ dye: { client, evaluationContext: ({ headers }) => ({ tenant: headers.host }) } }),
    );
    app.use('/fails', () => {
      throw new Error('as planned');
    });
    app.use((request, response) => {
      let body = '';
      request
        .on('data', (chunk) => (body += chunk))
        .on('end', () => response.end(`${getActiveLane()} ${body}`));
    });
    app.use(((_error: unknown, _request: unknown, response: { end(text: string): void }, _next: unknown) =>
      response.end(`failed ${getActiveLane()}`)) as connect.ErrorHandleFunction);
    return { listener: app };
  },
  Koa: async () => {
    const app = Object.assign(new Koa(), { silent: true });
    app.use(koaMiddleware({ ingress }));
    app.use(async (koa, next) => {
      try {
        await next();
      } catch {
        koa.body = `failed ${getActiveLane()}`;
      }
    });
    const late = koaMiddleware<Koa.Context>({
      dye: { client, evaluationContext: (koa) => ({ tenant: koa.hostname, path: koa.get('x-path') }) },
    });
    app.use((koa, next) => (koa.path === '/late' ? late(koa, next) : next()));
    app.use(async (koa) => {
      if (koa.path === '/fails') throw new Error('as planned');
      let body = '';
      for await (const chunk of koa.req) body += chunk;
      koa.body = `${getActiveLane()} ${body}`;
    });
    const callback = app.callback();
    return { listener: (request, response) => void callback(request, response) };
  },
  Hono: async () => {
    const app = new Hono();
    app.use(honoMiddleware({ ingress }));
    app.use(
      '/late',
      honoMiddleware({ dye: { client, evaluationContext: (hono) => ({ tenant: hono.req.header('host') }) } }),
    );
    app.post('/fails', () => {
      throw new Error('as planned');
    });
    app.post('*', async (hono) => hono.text(`${getActiveLane()} ${await hono.req.text()}`));
    app.onError((_error, hono) => hono.text(`failed ${getActiveLane()}`));
    const listener = getRequestListener(app.fetch);
    return { listener: (request, response) => void listener(request, response) };
  },
  Fastify: async () => {
    const app = fastify();
    await app.register(baggagePlugin, { ingress });
    await app.register(
      async (scope) => {
        await scope.register(baggagePlugin, {
          dye: { client, evaluationContext: ({ headers }) => ({ tenant: headers.host }) },
        });
        scope.post('/', async (request) => `${getActiveLane()} ${String(request.body)}`);
      },
      { prefix: '/late' },
    );
    app.setErrorHandler((_error, _request, reply) => reply.send(`failed ${getActiveLane()}`));
    app.post('/fails', () => {
      throw new Error('as planned');
    });
    app.post('/', async (request) => `${getActiveLane()} ${String(request.body)}`);
    await app.ready();
    return { listener: (request, response) => app.routing(request, response) };
  },
  NestJS: async () => {
    const evaluationContext = ({ headers }: IncomingMessage) => ({ tenant: headers.host });
    return { listener: await nestApplication(ingress, { client, evaluationContext }) };
  },
};

describe.each(Object.entries(apps))('an application of %s', (_name, make) => {
  async function post(path: string, headers: Record<string, string> = {}): Promise<readonly unknown[]> {
    const { listener } = await make();
    const server = await serve(listener);
    closing.push(server);
    const response = await fetch(`${server.origin}${path}`, {
      method: 'POST',
      body: 'body',
      headers: { 'content-type': 'text/plain', ...headers },
    });
    const own = ['graylane-lane', 'vary', 'cache-control'].map((name) => response.headers.get(name));
    return [await response.text(), ...own];
  }

  test('reads bodies in the lane, and names it', async () => {
    expect(await post('/', { baggage: 'lane=gray' })).toEqual(['gray body', 'gray', 'Baggage', null]);
    expect(await post('/')).toEqual(['baseline body', 'baseline', 'Baggage', null]);
  });

  test('dyes late, with what its own request knows', async () => {
    expect(await post('/late', { baggage: 'lane=gray' })).toEqual(['team-a body', 'team-a', null, 'private']);
  });

  test('handles errors in the lane', async () => {
    expect(await post('/fails', { baggage: 'lane=gray' })).toEqual(['failed gray', 'gray', 'Baggage', null]);
  });
});

test('Fastify: a request that is injected is in its lane, and a wrong option stops the start', async () => {
  const app = fastify();
  await app.register(baggagePlugin, { ingress });
  app.get('/', async () => getActiveLane());
  const { body, headers } = await app.inject({ url: '/', headers: { baggage: 'lane=gray' } });
  expect([body, headers['graylane-lane']]).toEqual(['gray', 'gray']);
  const wrong = fastify();
  void wrong.register(baggagePlugin, { ingres: {} } as never);
  await expect(wrong.ready()).rejects.toThrow(
    'baggagePlugin has no option "ingres" (did you mean "ingress"?)',
  );
});

test('Hono without the server of Node runs in baseline', async () => {
  const app = new Hono().use(honoMiddleware({ ingress })).get('/', (hono) => hono.text(getActiveLane()));
  const response = await app.request('/', { headers: { baggage: 'lane=gray' } });
  expect(await response.text()).toBe('baseline');
});

test.each<[string, (options: never) => unknown]>([
  ['connect', connectMiddleware],
  ['Koa', koaMiddleware],
  ['Hono', honoMiddleware],
])('%s: wrong options are refused', (_name, make) => {
  expect(() => make({ ingres: {} } as never)).toThrow('did you mean "ingress"?');
});
