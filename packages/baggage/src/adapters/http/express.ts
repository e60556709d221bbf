import { ServerResponse } from 'node:http';
import type { Request, RequestHandler } from 'express';
import { requestRunner, type HttpRequestOptions } from './handle-request.ts';
import { tellBeforeHeaders } from './lane-response.ts';

/** What comes in with a request, who is dyed, and what responses say of it. */
export interface BaggageMiddlewareOptions extends HttpRequestOptions<Request> {}

/**
 * Middleware for express 5 and 4: all that follows runs in the request's baggage. Use it twice to dye late: once first, with the
 * ingress policy, and once after authentication, with the dye.
 * @throws {TypeError} where the options can't work, e.g. a signing key that is too short.
 */
export function baggageMiddleware(options: BaggageMiddlewareOptions = {}): RequestHandler {
  return requestRunner(options, tellBeforeHeadersOfAll);
}

const hooked = new WeakSet<object>();

/**
 * Express gives all of its responses one prototype, behind those of the apps. A method there costs a request nothing, and stands closer
 * to Node's own than what other middleware puts on a response: it sees what that has set.
 */
function tellBeforeHeadersOfAll(response: ServerResponse): void {
  const ofApp = prototypeOf(response);
  if (ofApp === null || !Object.hasOwn(ofApp, 'app')) {
    // No app of express made this one: middleware can be called by anybody.
    tellBeforeHeaders(response);
    return;
  }
  if (hooked.has(ofApp)) return;
  const ofExpress = lastBefore(ServerResponse.prototype, ofApp);
  if (!hooked.has(ofExpress)) tellBeforeHeaders(ofExpress);
  hooked.add(ofApp).add(ofExpress);
}

/** Where the prototypes from `first` on end without `last`, it is `first`. */
function lastBefore(last: ServerResponse, first: ServerResponse): ServerResponse {
  let one = first;
  for (let next = prototypeOf(one); next !== last; next = prototypeOf(one)) {
    if (next === null) return first;
    one = next;
  }
  return one;
}

function prototypeOf(response: ServerResponse): ServerResponse | null {
  return Object.getPrototypeOf(response) as ServerResponse | null;
}
