import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Guard } from './guard.ts';
import type { AnyRequest } from './principal.ts';

/** The methods and headers that pages of allowed origins may send. */
export interface CrossOriginOptions {
  readonly methods: readonly string[];
  /** Request headers, beside those that a browser always sends. */
  readonly headers: readonly string[];
}

/** Responds to a preflight (CORS). Returns whether the request was one of an allowed origin. */
export function servePreflight(
  guard: Guard,
  request: AnyRequest,
  response: ServerResponse | Http2ServerResponse,
  { methods, headers }: CrossOriginOptions,
): boolean {
  if (!isPreflight(request)) return false;
  if (!guard.allowReading(request, response)) {
    guard.logRefusedPreflight(request);
    return false;
  }
  response.setHeader('access-control-allow-methods', methods.join(', '));
  response.setHeader('access-control-allow-headers', headers.join(', '));
  response.setHeader('access-control-max-age', '600');
  response.statusCode = 204;
  response.end();
  return true;
}

/** Logs a preflight for a path that pages of other origins may not use. It has no CORS headers. */
export function noteRefusedPreflight(guard: Guard, request: AnyRequest): void {
  if (isPreflight(request)) guard.logRefusedPreflight(request);
}

function isPreflight({ method, headers }: AnyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}
