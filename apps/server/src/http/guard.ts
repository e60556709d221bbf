import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { HttpProblem } from './problem-details.ts';

/** Whom the HTTP interfaces answer, beside programs on this machine. */
export interface GuardOptions {
  /** Further names that this server goes by, without a port. Default: none. */
  readonly allowHosts?: readonly string[];
  /** Web origins whose pages may use the server, e.g. `https://shop.example`. Default: none. */
  readonly allowOrigins?: readonly string[];
}

/**
 * Keeps web pages out that were not invited. A page can make its own host name mean 127.0.0.1 (DNS rebinding), so a request must name
 * this machine or a host that was allowed. And a page can send writes anywhere without reading the answer, so one that says it comes
 * from elsewhere is refused, unless its origin was allowed.
 */
export function guard({ allowHosts = [], allowOrigins = [] }: GuardOptions): RequestHandler {
  const hosts = new Set(allowHosts.map((host) => host.toLowerCase()));
  const origins = new Set(allowOrigins.map((origin) => origin.toLowerCase()));
  return (request, _response, next) => {
    const host = request.headers.host ?? 'localhost';
    const name = nameOf(host);
    if (!isLoopback(name) && !hosts.has(name)) {
      throw new HttpProblem(
        421,
        `this server does not go by the name ${JSON.stringify(name)}: use localhost, or start it with --allow-host ${name}`,
      );
    }
    const origin = request.headers.origin?.toLowerCase();
    if (!isSafe(request) && origin !== undefined && !isOwn(origin, host) && !origins.has(origin)) {
      throw new HttpProblem(
        403,
        `pages of ${JSON.stringify(origin)} may not do this: start the server with --allow-origin ${origin}`,
      );
    }
    next();
  };
}

/** Lets pages of the allowed origins read the answers (CORS); for what a browser's OpenFeature client needs, not for the admin API. */
export function crossOrigin({ allowOrigins = [] }: GuardOptions): RequestHandler {
  const origins = new Set(allowOrigins.map((origin) => origin.toLowerCase()));
  return (request, response, next) => {
    const { origin } = request.headers;
    response.vary('origin');
    if (origin === undefined || !origins.has(origin.toLowerCase())) {
      next();
      return;
    }
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'etag, retry-after');
    if (request.method !== 'OPTIONS') {
      next();
      return;
    }
    response.setHeader('access-control-allow-methods', 'GET, POST');
    response.setHeader(
      'access-control-allow-headers',
      'authorization, content-type, graylane-environment, if-none-match, last-event-id, x-api-key',
    );
    response.setHeader('access-control-max-age', '600');
    response.status(204).end();
  };
}

/** A `Host` without its port, in small letters. */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

/** `localhost` and what stands under it (RFC 6761), 127.0.0.0/8 and ::1: nobody else's name resolves to these by fraud. */
function isLoopback(name: string): boolean {
  return /^(?:(?:[^.]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(name);
}

function isOwn(origin: string, host: string): boolean {
  return origin === `http://${host.toLowerCase()}` || origin === `https://${host.toLowerCase()}`;
}

/** Reads (RFC 9110, section 9.2.1): a browser does not show their answers to strangers. */
function isSafe({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
