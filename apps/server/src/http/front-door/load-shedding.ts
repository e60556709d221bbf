import { RequestError } from '../../model/request-error.ts';
import type { Descriptors } from '../port/descriptors.ts';

const retrySpreadS = 10;

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
