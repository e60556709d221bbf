import type { Dye, IngressPolicy } from '@graylane/baggage';
import { baggageMiddleware as connectMiddleware } from '@graylane/baggage/connect';
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggagePlugin } from '@graylane/baggage/fastify';
import { baggageMiddleware as honoMiddleware } from '@graylane/baggage/hono';
import { baggageListener } from '@graylane/baggage/http';
import { baggageMiddleware as koaMiddleware } from '@graylane/baggage/koa';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import connect from 'connect';
import express5, { type Express } from 'express';
import fastify, { type FastifyRequest } from 'fastify';
import { Hono, type Context } from 'hono';
import Koa from 'koa';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { throughNest } from './nest.ts';

const require = createRequire(import.meta.url);
/** Version 4 has no types here; what is used of it is the same. */
export const express4 = require('express4') as typeof express5;

export interface Options {
  readonly ingress?: IngressPolicy;
  readonly dye?: Dye<IncomingMessage>;
}

/** A server with our adapter in front of a handler. */
type Wrap = (options: Options | undefined, handler: RequestListener) => RequestListener;

/** Every kind of server that we have an adapter for. */
export const servers: ReadonlyArray<readonly [string, Wrap]> = [
  ['express 5', (options, handler) => application(express5(), options, handler)],
  ['express 4', (options, handler) => application(express4(), options, handler)],
  ['node:http', (options, handler) => baggageListener(options ?? {}, handler)],
  ['connect', (options, handler) => connect().use(connectMiddleware(options)).use(handler)],
  ['Koa', throughKoa],
  ['Hono', throughHono],
  ['Fastify', throughFastify],
  ['NestJS', throughNest],
];

function application(app: Express, options: Options | undefined, handler: RequestListener): Express {
  app.use(options === undefined ? baggageMiddleware() : baggageMiddleware(options));
  app.use(handler);
  return app;
}

function throughKoa(options: Options | undefined, handler: RequestListener): RequestListener {
  const app = Object.assign(new Koa(), { silent: true });
  app.use(koaMiddleware(optionsFor<Koa.Context>(options, ({ req }) => req)));
  app.use((koa) => {
    koa.respond = false;
    handler(koa.req, koa.res);
  });
  const callback = app.callback();
  return (request, response) => void callback(request, response);
}

function throughHono(options: Options | undefined, handler: RequestListener): RequestListener {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(
    honoMiddleware(optionsFor<Context<{ Bindings: HttpBindings }>>(options, ({ env }) => env.incoming)),
  );
  app.all('*', ({ env }) => {
    handler(env.incoming, env.outgoing);
    return RESPONSE_ALREADY_SENT;
  });
  const listener = getRequestListener(app.fetch);
  return (request, response) => void listener(request, response);
}

function throughFastify(options: Options | undefined, handler: RequestListener): RequestListener {
  const app = fastify();
  void app.register(
    baggagePlugin,
    optionsFor<FastifyRequest>(options, ({ raw }) => raw),
  );
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.all('*', (request, reply) => {
    reply.hijack();
    handler(request.raw, reply.raw);
  });
  const ready = app.ready();
  return (request, response) => void ready.then(() => app.routing(request, response));
}

/** The same options for a framework whose dye rule looks at a request of its own. */
function optionsFor<Subject>(
  { dye, ...others }: Options = {},
  requestOf: (subject: Subject) => IncomingMessage,
): { ingress?: IngressPolicy; dye?: Dye<Subject> } {
  if (dye === undefined) return others;
  const { choice: _choice, ...rule } = dye;
  return {
    ...others,
    dye: { ...rule, evaluationContext: (subject) => dye.evaluationContext(requestOf(subject)) },
  };
}
