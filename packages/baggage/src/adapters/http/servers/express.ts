import { IncomingMessage, ServerResponse } from 'node:http';
import { hookBoth, requestRunner, type HttpRequestOptions } from './handle-request.ts';
import { hookWriteHead } from './lane-response.ts';
import { hookEvents } from './request-events.ts';

/**
 * A request of express, in the parts that versions 4 and 5 and their types share. For the whole
 * type, annotate the parameter of `evaluationContext` with express's own.
 */
export interface ExpressRequest extends IncomingMessage {
  get(name: string): string | undefined;
  /** The parsed body. Absent before a body parser has run. */
  readonly body?: unknown;
  readonly path: string;
  readonly originalUrl: string;
  readonly hostname: string;
}

/** The ingress policy, the dye rule, and how responses name their lane. */
export interface BaggageMiddlewareOptions<
  Request extends IncomingMessage = ExpressRequest,
> extends HttpRequestOptions<Request> {}

/** A middleware as express's `use` takes it. */
export type ExpressMiddleware<Request extends IncomingMessage = ExpressRequest> = (
  request: Request,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Middleware for express 5 and 4: all that follows runs in the request's baggage. Use it twice to
 * dye late: once first, with the ingress policy, and once after authentication, with the dye.
 * @throws {TypeError} if the options can't work, e.g. a signing key that is too short.
 */
export function baggageMiddleware<Request extends IncomingMessage = ExpressRequest>(
  options: BaggageMiddlewareOptions<Request> = {},
): ExpressMiddleware<Request> {
  const run = requestRunner('baggageMiddleware', options, hookPrototypes);
  return (request, response, next) => run(request, response, next, request);
}

const hooked = new WeakSet<object>();

/**
 * Express gives all of its requests one prototype, and all of its responses another one, behind
 * those of the apps. A method there costs a request nothing, and stands closer to Node's own than
 * those that other middleware sets on a response: it sees the headers that those have set.
 */
function hookPrototypes(request: IncomingMessage, response: ServerResponse): void {
  const [requests, responses] = [prototypeOf(request), prototypeOf(response)];
  if (!isOfApp(requests) || !isOfApp(responses)) {
    // The middleware can be called without an app of express.
    hookBoth(request, response);
    return;
  }
  if (hooked.has(responses)) return;
  hooked.add(responses);
  hookOnce(lastBefore(IncomingMessage.prototype, requests), (shared) => hookEvents(shared, (one) => one));
  hookOnce(lastBefore(ServerResponse.prototype, responses), (shared) => {
    hookWriteHead(shared);
    hookEvents(shared, ({ req }) => req);
  });
}

function hookOnce<Shared extends object>(shared: Shared, hook: (shared: Shared) => void): void {
  if (!hooked.has(shared)) hook(shared);
  hooked.add(shared);
}

/**
 * The last prototype before `last` in the chain of `first`; `first` itself if `last` is not in the
 * chain.
 */
function lastBefore<Shared extends object>(last: Shared, first: Shared): Shared {
  let one = first;
  for (let next = prototypeOf(one); next !== last; next = prototypeOf(one)) {
    if (next === null) return first;
    one = next;
  }
  return one;
}

function isOfApp<Shared extends object>(prototype: Shared | null): prototype is Shared {
  return prototype !== null && Object.hasOwn(prototype, 'app');
}

function prototypeOf<Shared extends object>(shared: Shared): Shared | null {
  return Object.getPrototypeOf(shared) as Shared | null;
}
