import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestRunner, type HttpRequestOptions } from './handle-request.ts';

/** The ingress policy, the dye rule, and how responses name their lane. */
export interface BaggageMiddlewareOptions<
  Request extends IncomingMessage = IncomingMessage,
> extends HttpRequestOptions<Request> {}

/** Middleware of the shape that connect has introduced. */
export type ConnectMiddleware<Request extends IncomingMessage = IncomingMessage> = (
  request: Request,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Middleware for connect, NestJS, polka, restify and any other framework with its shape: all that
 * follows runs in the request's baggage. For express use `@graylane/baggage/express`, which costs
 * less there.
 * @throws {TypeError} if the options can't work, e.g. a signing key that is too short.
 */
export function baggageMiddleware<Request extends IncomingMessage = IncomingMessage>(
  options: BaggageMiddlewareOptions<Request> = {},
): ConnectMiddleware<Request> {
  const run = requestRunner('baggageMiddleware', options);
  return (request, response, next) => run(request, response, next, request);
}
