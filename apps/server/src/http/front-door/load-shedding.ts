import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { RequestError } from '../../model/request-error.ts';
import type { Descriptors } from '../port/descriptors.ts';
import type { AnyRequest } from './principal.ts';

const retrySpreadS = 10;

/**
 * Closes the connection after a short request while descriptors are scarce. HTTP/2 has no such
 * header; its connections are bounded by their own share of the descriptors.
 */
export function closeWhenScarce(
  descriptors: Descriptors,
  request: AnyRequest,
  response: ServerResponse | Http2ServerResponse,
): void {
  if (descriptors.scarce && request.httpVersionMajor === 1) response.setHeader('connection', 'close');
}

/**
 * Refuses a new stream while descriptors are scarce, with a `Retry-After` of 1 to 10 s that differs
 * from client to client.
 * @throws {RequestError} `no_room`
 */
export function requireRoom(descriptors: Descriptors): void {
  if (!descriptors.scarce) return;
  const { open, limit } = descriptors.use;
  throw new RequestError(
    'no_room',
    `too many connections: ${open} of ${limit} are open; raise the limit of open files (ulimit -n)`,
    { retryAfterS: 1 + Math.floor(Math.random() * retrySpreadS) },
  );
}
