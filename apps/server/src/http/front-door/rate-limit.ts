import { RequestError } from '../../model/request-error.ts';
import { clientAddress, type ClientAddress } from './client-address.ts';
import type { AnyRequest } from './principal.ts';

/** How often a client may send a request. */
export interface RateLimitOptions {
  /** Requests per second of one client address, and the largest burst. Default: no limit. */
  readonly rateLimit?: number | undefined;
  /** Proxies whose `X-Forwarded-For` names the client. Default: none. */
  readonly trustProxies?: readonly string[] | undefined;
}

/**
 * The number of clients that are remembered; beyond it the client that was remembered first starts
 * afresh.
 */
const maxClients = 10_000;

/** A token bucket for each client address, shared by all protocols of a server. */
export class RateLimit {
  readonly #perSecond: number | undefined;
  readonly #addressOf: ClientAddress;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; filledAt: number }>();

  constructor({ rateLimit, trustProxies }: RateLimitOptions, now: () => number = Date.now) {
    this.#perSecond = rateLimit;
    this.#addressOf = clientAddress(trustProxies);
    this.#now = now;
  }

  /** @throws {RequestError} `rate_limited`, with the seconds until the next request is admitted. */
  admit(request: AnyRequest): void {
    const perSecond = this.#perSecond;
    if (perSecond === undefined) return;
    const client = this.#addressOf(request);
    const time = this.#now();
    const known = this.#buckets.get(client);
    const filled = known ? known.tokens + ((time - known.filledAt) / 1000) * perSecond : perSecond;
    const tokens = Math.min(Math.max(1, perSecond), filled);
    const allowed = tokens >= 1;
    this.#buckets.set(client, { tokens: allowed ? tokens - 1 : tokens, filledAt: time });
    if (this.#buckets.size > maxClients) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    if (allowed) return;
    const retryAfterS = Math.max(1, Math.ceil((1 - tokens) / perSecond));
    const message = `more than ${perSecond} requests a second from one address: send fewer`;
    throw new RequestError('rate_limited', message, { retryAfterS });
  }
}
