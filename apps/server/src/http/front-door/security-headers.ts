import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';

/**
 * Headers for browsers: responses are data, so a page may not run them as a script or a style,
 * frame them, or load anything from them. Files for pages replace the policy with their own.
 */
export function setSecurityHeaders(response: ServerResponse | Http2ServerResponse): void {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  response.setHeader('referrer-policy', 'no-referrer');
}
