import type { IncomingMessage } from 'node:http';

/**
 * The last event that a reconnecting client has seen (HTML standard, section 9.2.4); undefined for
 * a new client.
 */
export function lastEventId({ headers }: IncomingMessage): string | undefined {
  const id = headers['last-event-id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}
