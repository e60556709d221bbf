import type { Scope } from '../../tokens/scope.ts';
import { decodeSegment } from './decode-segment.ts';

/** The access that a request requires: none, or a token. */
export type Access =
  | 'open'
  | {
      readonly scope: Scope;
      /** The environment that the token must be for; undefined if the path names none. */
      readonly environment?: string | undefined;
      /** Whether the token must be for all environments. */
      readonly everywhere?: boolean;
    };

type Methods = Readonly<Record<string, Scope | 'open'>>;

const openGet: Methods = { GET: 'open' };
const read: Methods = { GET: 'definitions' };
const act: Methods = { POST: 'write' };
const part: Methods = { GET: 'definitions', PUT: 'write', PATCH: 'write', DELETE: 'write' };

/**
 * The scope that each method of each route requires, on all ports; braces stand for one segment. A
 * request that is not in this table requires `admin` for all environments, so that a route that
 * was forgotten here, or that a router reads in another way, is closed.
 */
const table: Readonly<Record<string, Methods>> = {
  // The console: its files hold no data.
  '/': openGet,
  '/icon.svg': openGet,
  '/assets/{file}': openGet,
  '/sign-in': openGet,
  '/auth/session': openGet,
  '/auth/sign-in': openGet,
  '/auth/callback': openGet,
  '/auth/sign-out': { POST: 'open' },
  '/environments': openGet,
  '/tokens': openGet,
  '/audit': openGet,
  '/e/{environment}': openGet,
  '/e/{environment}/{screen}': openGet,
  '/e/{environment}/{screen}/{item}': openGet,
  '/e/{environment}/{screen}/{item}/{part}': openGet,
  '/healthz': openGet,
  '/readyz': openGet,
  '/ofrep/v1/evaluate/flags': { POST: 'evaluate' },
  '/ofrep/v1/evaluate/flags/{flag}': { POST: 'evaluate' },
  '/ofrep/v1/events': { GET: 'evaluate' },
  '/api/v1/openapi.json': { GET: 'evaluate' },
  '/api/v1/requests': { GET: 'admin' },
  '/api/v1/tokens': { GET: 'admin', POST: 'admin' },
  '/api/v1/tokens/{id}': { DELETE: 'admin' },
  '/api/v1/tokens/{id}/rotate': { POST: 'admin' },
  '/api/v1/environments': read,
  // PUT of an environment that does not exist creates it, and its handler requires admin for that.
  '/api/v1/environments/{environment}': { GET: 'definitions', PUT: 'write', DELETE: 'admin' },
  '/api/v1/environments/{environment}/flags': read,
  '/api/v1/environments/{environment}/flags/{flag}': part,
  '/api/v1/environments/{environment}/flags/{flag}/history': read,
  '/api/v1/environments/{environment}/segments': read,
  '/api/v1/environments/{environment}/segments/{segment}': { ...part, PATCH: 'admin' },
  '/api/v1/environments/{environment}/segments/{segment}/history': read,
  '/api/v1/environments/{environment}/history': read,
  '/api/v1/environments/{environment}/history/{revision}': read,
  '/api/v1/environments/{environment}/history/{revision}/slis': read,
  '/api/v1/environments/{environment}/history/{revision}/undo': { POST: 'write' },
  '/api/v1/environments/{environment}/flags/{flag}/explain': { POST: 'definitions' },
  '/api/v1/environments/{environment}/flags/{flag}/usage': read,
  '/api/v1/environments/{environment}/usage': read,
  '/api/v1/environments/{environment}/lanes': read,
  '/api/v1/environments/{environment}/map': read,
  '/api/v1/environments/{environment}/contexts': read,
  '/api/v1/environments/{environment}/preview': { POST: 'definitions' },
  '/api/v1/environments/{environment}/rollouts': { GET: 'definitions', POST: 'write' },
  '/api/v1/environments/{environment}/rollouts/{rollout}': read,
  '/api/v1/environments/{environment}/rollouts/{rollout}/report': read,
  '/api/v1/environments/{environment}/rollouts/{rollout}/verdict': read,
  '/api/v1/environments/{environment}/rollouts/{rollout}/verdict/pass': { POST: 'definitions' },
  '/api/v1/environments/{environment}/rollouts/{rollout}/verdict/fail': { POST: 'definitions' },
  '/api/v1/environments/{environment}/rollouts/{rollout}/pause': act,
  '/api/v1/environments/{environment}/rollouts/{rollout}/resume': act,
  '/api/v1/environments/{environment}/rollouts/{rollout}/promote': act,
  '/api/v1/environments/{environment}/rollouts/{rollout}/rollback': act,
  '/api/v1/environments/{environment}/rollouts/{rollout}/finish': act,
  '/api/v1/environments/{environment}/verify': read,
  '/api/v1/environments/{environment}/stream': read,
  '/api/v1/environments/{environment}/audit': { GET: 'definitions', POST: 'definitions' },
  '/api/v1/environments/{environment}/clients': { GET: 'definitions', POST: 'definitions' },
  '/api/v1/environments/{environment}/kill': { GET: 'definitions', POST: 'write' },
  '/api/v1/environments/{environment}/kill/lanes/{lane}': { DELETE: 'write' },
  '/api/v1/environments/{environment}/kill/flags/{flag}': { DELETE: 'write' },
  '/v1/metrics': { POST: 'definitions' },
  '/v1/traces': { POST: 'definitions' },
  '/v1/logs': { POST: 'definitions' },
  '/flagd.evaluation.v1.Service/{method}': { POST: 'evaluate' },
  '/flagd.evaluation.v2.Service/{method}': { POST: 'evaluate' },
  '/flagd.sync.v1.FlagSyncService/{method}': { POST: 'definitions' },
};

const fixed = new Map<string, Route>();
const patterns: Array<Route & { readonly pattern: RegExp }> = [];
for (const [route, methods] of Object.entries(table)) {
  if (!route.includes('{')) fixed.set(route, { route, methods });
  else {
    const source = route
      .replaceAll('.', String.raw`\.`)
      .replaceAll('{environment}', '(?<environment>[^/]+)')
      .replaceAll(/\{\w+\}/g, '[^/]+');
    patterns.push({ pattern: new RegExp(`^${source}/?$`), route, methods });
  }
}

interface Route {
  /** As the table spells it. */
  readonly route: string;
  readonly methods: Methods;
}

/** The route of a request, as the table spells it; undefined for a path without one. */
export function routeNameOf(target: string): string | undefined {
  // The route with the most requests.
  if (target.startsWith(oneFlag) && !target.includes('/', oneFlag.length)) return `${oneFlag}{flag}`;
  const path = pathOf(target);
  return (knownRoute(path) ?? patterns.find(({ pattern }) => pattern.test(path)))?.route;
}

const oneFlag = '/ofrep/v1/evaluate/flags/';

/** Whether a route is an endless stream of server-sent events. */
export function isStream(route: string | undefined): boolean {
  return route === '/api/v1/environments/{environment}/stream' || route === '/ofrep/v1/events';
}

/**
 * The access that a request requires. A preflight carries no token (Fetch, section 3.2.2), so
 * OPTIONS is open.
 */
export function accessOf(method: string, target: string): Access {
  if (method === 'OPTIONS') return 'open';
  const path = pathOf(target);
  const { methods, environment } = routeOf(path);
  if (methods === undefined) return { scope: 'admin', everywhere: true };
  const scope = methods[method === 'HEAD' ? 'GET' : method] ?? 'admin';
  return scope === 'open' ? scope : { scope, environment };
}

/**
 * The path of a target, without the query. A proxy may forward the whole URL of its own request
 * (RFC 9112, section 3.2.2).
 */
function pathOf(target: string): string {
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  return path.startsWith('/') ? path : path.replace(/^https?:\/\/[^/]*/i, '') || '/';
}

function routeOf(path: string): Partial<Route> & { readonly environment?: string | undefined } {
  const known = knownRoute(path);
  if (known !== undefined) return known;
  for (const { pattern, route, methods } of patterns) {
    const found = pattern.exec(path);
    const environment = found?.groups?.['environment'];
    if (found) return { route, methods, environment: environment && decodeSegment(environment) };
  }
  return {};
}

/** A route without parameters. */
function knownRoute(path: string): Route | undefined {
  return fixed.get(path) ?? fixed.get(path.replace(/\/$/, ''));
}
