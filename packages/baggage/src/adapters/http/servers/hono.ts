import type { IncomingMessage, ServerResponse } from 'node:http';
import { report } from '../../../report.ts';
import { requestRunner, type HttpRequestOptions } from './handle-request.ts';

/** The part of Hono's context that is needed here; a dye rule may look at all of it. */
export interface HonoContext {
  /** On Node, the request and the response of `node:http`; `@hono/node-server` brings them. */
  readonly env: unknown;
  readonly req: { header(name: string): string | undefined };
  get(key: string): unknown;
}

/** The ingress policy, the dye rule, and how responses name their lane. */
export interface BaggageMiddlewareOptions<
  Context extends HonoContext = HonoContext,
> extends HttpRequestOptions<Context> {}

/** Hono's middleware. */
export type HonoMiddleware<Context extends HonoContext = HonoContext> = (
  context: Context,
  next: () => Promise<void>,
) => Promise<void>;

/**
 * Middleware for Hono 4 on Node, with `@hono/node-server`: all that follows runs in the request's
 * baggage. Use it twice to dye late: once first, with the ingress policy, and once after
 * authentication, with the dye. Without the server of Node a request runs in baseline, which is
 * counted and logged once.
 * @throws {TypeError} if the options can't work, e.g. a signing key that is too short.
 */
export function baggageMiddleware<Context extends HonoContext = HonoContext>(
  options: BaggageMiddlewareOptions<Context> = {},
): HonoMiddleware<Context> {
  const run = requestRunner('baggageMiddleware', options);
  return (context, next) => {
    const { incoming, outgoing } = (context.env ?? {}) as NodeBindings;
    if (incoming !== undefined && outgoing !== undefined)
      return new Promise((resolve) => run(incoming, outgoing, () => resolve(next()), context));
    report(
      'undyed',
      'hono',
      () =>
        "a request of Hono runs in baseline: baggageMiddleware needs the server of Node, import { serve } from '@hono/node-server'",
    );
    return next();
  };
}

interface NodeBindings {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
}
