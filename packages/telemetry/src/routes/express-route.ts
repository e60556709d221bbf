import type { IncomingMessage } from 'node:http';

/** The part of express's request that is read, once a route has matched. */
interface ExpressRequest extends IncomingMessage {
  readonly baseUrl?: string;
  readonly route?: { readonly path?: unknown };
  readonly app?: { readonly router?: Router; readonly _router?: Router };
}

interface Router {
  readonly stack?: readonly Layer[];
}

interface Match {
  readonly path: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/**
 * Newer layers return the match, and keep their template; older ones return true and keep the
 * match.
 */
interface Layer extends Partial<Match> {
  readonly handle?: Router;
  readonly rawPath?: unknown;
  match(path: string): boolean | Match;
}

/**
 * The template of the route that express matched, with those of its mounts, e.g.
 * `/users/:user/orders/:id`; undefined if none did. Works with express 5 and 4, without their
 * OpenTelemetry instrumentation.
 */
export function expressRoute(request: IncomingMessage): string | undefined {
  const { baseUrl = '', route, app } = request as ExpressRequest;
  if (route === undefined) return undefined;
  const own = typeof route.path === 'string' ? route.path : String(route.path);
  const mounts = baseUrl === '' ? '' : mountTemplate(app?._router ?? app?.router, baseUrl);
  if (mounts === undefined) return undefined;
  return `${mounts}${own === '/' && mounts !== '' ? '' : own}`;
}

/**
 * A request has the concrete path of its mounts, not their templates: `/users/7` would be a route
 * of its own. The layers match the path again, and give their template, or else the parameters
 * whose values are to be replaced by their names.
 */
function mountTemplate(router: Router | undefined, baseUrl: string): string | undefined {
  for (const layer of router?.stack ?? []) {
    const match = layer.handle?.stack === undefined ? undefined : matchOf(layer, baseUrl);
    if (match === undefined || match.path === '' || !baseUrl.startsWith(match.path)) continue;
    const template = typeof layer.rawPath === 'string' ? layer.rawPath : withNames(match);
    const rest = baseUrl.slice(match.path.length);
    if (rest === '') return template.replace(/\/$/, '');
    const inner = mountTemplate(layer.handle, rest);
    if (inner !== undefined) return template.replace(/\/$/, '') + inner;
  }
  // A router that other code has mounted in its own way: no route is better than one for each path.
  return undefined;
}

function matchOf(layer: Layer, path: string): Match | undefined {
  const match = layer.match(path);
  if (typeof match === 'object') return match;
  return match && layer.path !== undefined
    ? { path: layer.path, ...(layer.params && { params: layer.params }) }
    : undefined;
}

function withNames({ path, params = {} }: Match): string {
  const names = new Map(Object.entries(params).map(([name, value]) => [String(value), name]));
  return path
    .split('/')
    .map((segment) => {
      const name = names.get(decoded(segment));
      return name === undefined ? segment : `:${name}`;
    })
    .join('/');
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not a valid encoding: express has not matched it as a parameter either.
    return segment;
  }
}
