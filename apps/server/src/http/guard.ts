import type { IncomingMessage, ServerResponse } from 'node:http';
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
export class Guard {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ allowHosts = [], allowOrigins = [] }: GuardOptions) {
    this.#hosts = new Set(allowHosts.map((host) => host.toLowerCase()));
    this.#origins = new Set(allowOrigins.map((origin) => origin.toLowerCase()));
  }

  /** @throws {HttpProblem} 421 where the request means another host, 403 where it is the write of a strange page. */
  admit({ method, headers }: IncomingMessage): void {
    const host = headers.host ?? 'localhost';
    const name = nameOf(host);
    if (!isLoopback(name) && !this.#hosts.has(name)) {
      throw new HttpProblem(
        421,
        `this server does not go by the name ${JSON.stringify(name)}: use localhost, or start it with --allow-host ${name}`,
      );
    }
    const origin = headers.origin?.toLowerCase();
    if (!isSafe(method) && origin !== undefined && !isOwn(origin, host) && !this.#origins.has(origin)) {
      throw new HttpProblem(
        403,
        `pages of ${JSON.stringify(origin)} may not do this: start the server with --allow-origin ${origin}`,
      );
    }
  }

  /** Lets pages of the allowed origins read this answer (CORS). Answers whether the request is one of theirs. */
  allowReading({ headers: { origin } }: IncomingMessage, response: ServerResponse): boolean {
    response.setHeader('vary', 'origin');
    if (origin === undefined || !this.#origins.has(origin.toLowerCase())) return false;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'etag, retry-after');
    return true;
  }
}

/** Answers what a browser asks before it evaluates for a page of an allowed origin (CORS); not for the admin API. */
export function crossOrigin(guard: Guard): RequestHandler {
  return (request, response, next) => {
    if (!guard.allowReading(request, response) || request.method !== 'OPTIONS') {
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
function isSafe(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
