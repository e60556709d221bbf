import type { Http2ServerResponse } from 'node:http2';
import type { ServerResponse } from 'node:http';
import type { Log } from '../../log.ts';
import { RequestError } from '../../model/request-error.ts';
import { originPattern } from './origin-pattern.ts';
import type { AnyRequest } from './principal.ts';

/** The hosts and web origins that the server accepts, beside those of loopback. */
export interface GuardOptions {
  /** Further host names of this server, without a port. Default: none. */
  readonly allowHosts?: readonly string[];
  /** Accepts every host name unless `allowHosts` has some. Default: false. */
  readonly anyHost?: boolean;
  /**
   * Web origins whose pages may use the server, as {@link originPattern} reads them. Default: none.
   */
  readonly allowOrigins?: readonly string[];
}

/** The number of warnings about origins that are logged, each of them once. */
const maxLogged = 100;

/**
 * Keeps out web pages that were not invited. A page can make its own host name resolve to 127.0.0.1
 * (DNS rebinding), so a request must name this machine or an allowed host. And a page can send a
 * write anywhere without reading the response, so a write from another origin is refused unless the
 * origin is allowed.
 */
export class Guard {
  readonly #hosts: ReadonlySet<string>;
  readonly #anyHost: boolean;
  readonly #origins: readonly RegExp[];
  readonly #log: Log;
  readonly #logged = new Set<string>();
  /** The host that was accepted last: most requests name the same. */
  #lastHost: string | undefined;

  constructor({ allowHosts = [], anyHost = false, allowOrigins = [] }: GuardOptions, log: Log) {
    this.#hosts = new Set(allowHosts.map((host) => host.toLowerCase()));
    this.#anyHost = anyHost && allowHosts.length === 0;
    this.#origins = allowOrigins.map(originPattern);
    this.#log = log;
  }

  /**
   * Admits a request.
   * @throws {RequestError} `wrong_host`, or `forbidden` for a write of a page that is not allowed.
   */
  admit({ method, headers, httpVersionMajor }: AnyRequest): void {
    const host = headers.host ?? headers[':authority']?.toString() ?? 'localhost';
    // Browsers speak HTTP/2 over TLS only, where a page with a name of its own finds no
    // certificate for it. The authority of a gRPC call is often the name of a proxy.
    if (!this.#anyHost && httpVersionMajor === 1 && host !== this.#lastHost) {
      this.#requireOwnHost(nameOf(host));
      this.#lastHost = host;
    }
    const { origin } = headers;
    if (origin === undefined || isSafe(method) || isOwn(origin, host) || this.allows(origin)) return;
    const remedy = this.#refuse(origin, `${method} of a page`);
    throw new RequestError('forbidden', `the web origin ${JSON.stringify(origin)} is not allowed: ${remedy}`);
  }

  /** Whether pages of this origin may use the server. */
  allows(origin: string | undefined): origin is string {
    return origin !== undefined && this.#origins.some((allowed) => allowed.test(origin));
  }

  /**
   * Lets pages of the allowed origins read this response (CORS). Returns whether the request is
   * from one.
   */
  allowReading(
    { headers: { origin } }: AnyRequest,
    response: ServerResponse | Http2ServerResponse,
    exposed = 'etag, retry-after',
  ): boolean {
    response.setHeader('vary', 'origin');
    if (!this.allows(origin)) return false;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', exposed);
    return true;
  }

  /**
   * Logs that a preflight was refused: the browser hides the reason, and its page gets a network
   * error.
   */
  logRefusedPreflight({ headers: { origin }, url = '' }: AnyRequest): void {
    if (origin === undefined) return;
    if (!this.allows(origin)) this.#refuse(origin, 'the preflight of a page');
    else {
      this.#warnOnce(
        `preflight of ${origin}`,
        `refused the preflight of a page of ${shown(origin)} for ${shown(url)}: pages of other origins may evaluate by OFREP, Connect and gRPC-Web, and nothing else`,
      );
    }
  }

  #requireOwnHost(name: string): void {
    if (isLoopback(name) || this.#hosts.has(name)) return;
    throw new RequestError(
      'wrong_host',
      `the host name ${JSON.stringify(name)} is not allowed: use localhost, or start the server with --allow-host ${name}`,
    );
  }

  /** Logs an origin the first time that it is refused. Returns the remedy. */
  #refuse(origin: string, request: string): string {
    const remedy = isWebOrigin(origin)
      ? `to allow it, start the server with --allow-origin ${origin}`
      : 'only pages of http and https can be allowed, not files and sandboxed frames';
    this.#warnOnce(origin, `refused ${request} of ${shown(origin)}: ${remedy}`);
    return remedy;
  }

  #warnOnce(about: string, message: string): void {
    if (this.#logged.has(about) || this.#logged.size >= maxLogged) return;
    this.#logged.add(about);
    this.#log.warn(message);
  }
}

/** Whether an operator could allow this origin. */
function isWebOrigin(origin: string): boolean {
  return origin.length <= maxShown && /^https?:\/\/[^*\s]+$/i.test(origin);
}

const maxShown = 200;

function shown(text: string): string {
  return JSON.stringify(text.slice(0, maxShown));
}

/** A `Host` without its port, in lower case. */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

/**
 * `localhost` and its subdomains (RFC 6761), 127.0.0.0/8 and ::1: DNS can't make another name of
 * these.
 */
function isLoopback(name: string): boolean {
  return (
    name === 'localhost' ||
    name === '127.0.0.1' ||
    /^(?:(?:[^.]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(name)
  );
}

function isOwn(origin: string, host: string): boolean {
  const own = host.toLowerCase();
  return [`http://${own}`, `https://${own}`].includes(origin.toLowerCase());
}

/**
 * Reads (RFC 9110, section 9.2.1): a browser does not show their responses to pages of other
 * origins.
 */
function isSafe(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
