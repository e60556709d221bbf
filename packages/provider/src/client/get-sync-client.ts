import type { Client } from '@openfeature/server-sdk';
import { GraylaneClient } from './graylane-client.ts';
import type { SyncClient } from './sync-client.ts';

/**
 * Returns a client like that of `OpenFeature.getClient(domain)`, with the same results and hook
 * calls, at a small part of the cost, and with synchronous methods. It works with any provider; the
 * synchronous methods need a `SyncProvider`, e.g. `GraylaneProvider`. Each client has its own
 * hooks, context, logger and handlers.
 */
export function getSyncClient(domain?: string): Client & SyncClient {
  return new GraylaneClient(domain);
}
