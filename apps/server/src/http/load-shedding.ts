import type { ServerResponse } from 'node:http';
import type { Descriptors } from './descriptors.ts';
import { HttpProblem } from './problem-details.ts';

const retrySpreadS = 10;

/** Lets no connection linger while descriptors are scarce: a short request is answered and its connection closed. */
export function dontLinger(descriptors: Descriptors, response: ServerResponse): void {
  if (descriptors.scarce) response.setHeader('connection', 'close');
}

/**
 * Turns a stream away while descriptors are scarce, with a `Retry-After` of 1 to 10 s that differs from client to client.
 * @throws {HttpProblem} 503
 */
export function requireRoom(descriptors: Descriptors, response: ServerResponse): void {
  if (!descriptors.scarce) return;
  dontLinger(descriptors, response);
  response.setHeader('retry-after', 1 + Math.floor(Math.random() * retrySpreadS));
  const { open, limit } = descriptors.use;
  throw new HttpProblem(
    503,
    `no room for another stream: ${open} of ${limit} connections are taken; raise the limit of open files (ulimit -n)`,
  );
}
