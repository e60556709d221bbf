import type { IncomingMessage } from 'node:http';

/** What a client that comes back has seen last (HTML standard, section 9.2.4); undefined for one that is new. */
export function lastEventId({ headers }: IncomingMessage): string | undefined {
  const id = headers['last-event-id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}
