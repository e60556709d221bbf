import type { ClientRequest } from 'node:http';

/**
 * Keeps headers of a request as they are: libraries such as superagent copy the headers of a
 * redirected request into the next one after it was made, and so would carry the baggage to another
 * origin.
 */
export function keepHeaders(request: ClientRequest, names: ReadonlySet<string>): void {
  if (names.size === 0) return;
  const setHeader = request.setHeader.bind(request);
  const appendHeader = request.appendHeader.bind(request);
  const isKept = (name: unknown): boolean => typeof name === 'string' && names.has(name.toLowerCase());
  request.setHeader = (name, value) => (isKept(name) ? request : setHeader(name, value));
  request.appendHeader = (name, value) => (isKept(name) ? request : appendHeader(name, value));
}
