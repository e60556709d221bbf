import type { IncomingMessage } from 'node:http';
import { expressRoute } from './express-route.ts';

const routes = new WeakMap<IncomingMessage, string>();
const requestsOfSpans = new WeakMap<object, IncomingMessage>();

/** Keeps the request of a server span, whose attributes show the route only when it ends. */
export function setRequestOfSpan(span: object, request: IncomingMessage): void {
  requestsOfSpans.set(span, request);
}

/** The route of a server span's request, while it is in flight. */
export function routeOfSpan(span: object): string | undefined {
  const request = requestsOfSpans.get(span);
  return request && routeOf(request);
}

/** Names the route of a request, for frameworks other than express: the template, e.g. `/orders/:id`, not the path. */
export function setRoute(request: IncomingMessage, template: string): void {
  routes.set(request, template);
}

/** The route of a request; undefined where none has matched, or not yet. */
export function routeOf(request: IncomingMessage): string | undefined {
  return routes.get(request) ?? expressRoute(request);
}
