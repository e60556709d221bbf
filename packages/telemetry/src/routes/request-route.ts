import type { IncomingMessage } from 'node:http';
import { expressRoute } from './express-route.ts';

const routes = new WeakMap<IncomingMessage, string>();

/** Names the route of a request, for frameworks other than express: the template, e.g. `/orders/:id`, not the path. */
export function setRoute(request: IncomingMessage, template: string): void {
  routes.set(request, template);
}

/** The route of a request; undefined where none has matched, or not yet. */
export function routeOf(request: IncomingMessage): string | undefined {
  return routes.get(request) ?? expressRoute(request);
}
