import type { Request, RequestHandler } from 'express';
import { requestRunner, type HttpRequestOptions } from './http-request.ts';

/** What comes in with a request, who is dyed, and what responses say of it. */
export interface BaggageMiddlewareOptions extends HttpRequestOptions<Request> {}

/**
 * Middleware for express 5 and 4: all that follows runs in the request's baggage. Use it twice to dye late: once first, with the
 * ingress policy, and once after authentication, with the dye.
 * @throws {TypeError} where the options can't work, e.g. a signing key that is too short.
 */
export function baggageMiddleware(options: BaggageMiddlewareOptions = {}): RequestHandler {
  const run = requestRunner(options);
  return (request, response, next) => {
    run(request, response, () => next());
  };
}
