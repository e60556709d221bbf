import type { Client } from '@openfeature/server-sdk';
import { GraylaneClient } from './graylane-client.ts';
import type { SyncClient } from './sync-client.ts';

/**
 * A client as `OpenFeature.getClient(domain)` gives, with the same answers and the same hook calls, that also answers synchronously
 * and costs a small part of it. It works with any provider; the synchronous methods need one that is a `SyncProvider`, as
 * `GraylaneProvider` is. Hooks, context, logger and handlers are its own, as with every client.
 */
export function getSyncClient(domain?: string): Client & SyncClient {
  return new GraylaneClient(domain);
}
