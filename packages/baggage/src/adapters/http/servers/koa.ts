import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestRunner, type HttpRequestOptions } from './handle-request.ts';

/** The part of Koa's context that is needed here; a dye rule may look at all of it. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly headers: IncomingMessage['headers'];
  get(header: string): string;
}

/** The ingress policy, the dye rule, and how responses name their lane. */
export interface BaggageMiddlewareOptions<
  Context extends KoaContext = KoaContext,
> extends HttpRequestOptions<Context> {}

/** Koa's middleware. */
export type KoaMiddleware<Context extends KoaContext = KoaContext> = (
  context: Context,
  next: () => Promise<unknown>,
) => Promise<unknown>;

/**
 * Middleware for Koa 2 and 3: all that follows runs in the request's baggage. Use it twice to dye
 * late: once first, with the ingress policy, and once after authentication, with the dye.
 * @throws {TypeError} if the options can't work, e.g. a signing key that is too short.
 */
export function baggageMiddleware<Context extends KoaContext = KoaContext>(
  options: BaggageMiddlewareOptions<Context> = {},
): KoaMiddleware<Context> {
  const run = requestRunner('baggageMiddleware', options);
  return (context, next) =>
    new Promise((resolve) => run(context.req, context.res, () => resolve(next()), context));
}
