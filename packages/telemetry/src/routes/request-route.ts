import type { IncomingMessage } from 'node:http';
import { expressRoute } from './express-route.ts';

/** Properties of the request and of its span; weak maps would cost the garbage collector more. */
const routeKey = Symbol.for('graylane.telemetry.route');
const requestKey = Symbol.for('graylane.telemetry.request');

interface Routed {
  [routeKey]?: string;
}

interface Served {
  [requestKey]?: IncomingMessage;
}

/** Keeps the request of a server span, whose attributes show the route only when it ends. */
export function setRequestOfSpan(span: object, request: IncomingMessage): void {
  (span as Served)[requestKey] = request;
}

/** The route of a server span's request, while it is in flight. */
export function routeOfSpan(span: object): string | undefined {
  const request = (span as Served)[requestKey];
  return request && routeOf(request);
}

/**
 * Names the route of a request, for frameworks other than express: the template, e.g.
 * `/orders/:id`, not the path.
 */
export function setRoute(request: IncomingMessage, template: string): void {
  (request as Routed)[routeKey] = template;
}

/** The route of a request; undefined if none has matched, or not yet. */
export function routeOf(request: IncomingMessage): string | undefined {
  return (request as Routed)[routeKey] ?? expressRoute(request);
}
