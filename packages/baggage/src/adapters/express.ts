import { context } from '@opentelemetry/api';
import type { Request, RequestHandler } from 'express';
import { dyeRequest, type Dye } from '../dye.ts';
import type { IngressPolicy } from '../policy.ts';
import { enterRequest } from './http-request.ts';

/** What comes in with a request, and who is dyed. */
export interface BaggageMiddlewareOptions {
  /** Default: `{ mode: 'strip' }`, right at an edge. */
  readonly ingress?: IngressPolicy;
  /** The dye rule, at the edge. Default: requests keep the lane that they came with. */
  readonly dye?: Dye<Request>;
}

/**
 * Middleware for express 5 and 4: all that follows runs in the request's baggage. Use it twice to dye late: once first, with the
 * ingress policy, and once after authentication, with the dye.
 */
export function baggageMiddleware({
  ingress = { mode: 'strip' },
  dye,
}: BaggageMiddlewareOptions = {}): RequestHandler {
  return (request, _response, next) => {
    const { cell, otelContext } = enterRequest(request, ingress);
    context.with(otelContext, () => {
      if (dye === undefined) next();
      else void dyeRequest(dye, request, cell).then(() => next());
    });
  };
}
