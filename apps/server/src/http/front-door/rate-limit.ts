import { RequestError } from '../../model/request-error.ts';
import { clientAddress, type ClientAddress } from './client-address.ts';
import { anonymous } from '../../tokens/principal.ts';
import { principalOf, type AnyRequest } from './principal.ts';

/** How often a client may send a request. */
export interface RateLimitOptions {
  /**
   * Requests per second of one token or, without tokens, of one client address, and the largest
   * burst. Default: no limit.
   */
  readonly rateLimit?: number | undefined;
  /** Proxies whose `X-Forwarded-For` names the client. Default: none. */
  readonly trustProxies?: readonly string[] | undefined;
}

/**
 * The number of clients that are remembered; beyond it the client that was remembered first starts
 * afresh.
 */
const maxClients = 10_000;

/** A token bucket for each client, shared by all protocols of a server. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #addressOf: ClientAddress;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; filledAt: number }>();

  /**
   * The limit that these options set; undefined if they set none.
   * @throws {RangeError} if a proxy is not an address.
   */
  static of({ rateLimit, trustProxies }: RateLimitOptions): RateLimit | undefined {
    const addressOf = clientAddress(trustProxies);
    return rateLimit === undefined ? undefined : new RateLimit(rateLimit, addressOf);
  }

  constructor(perSecond: number, addressOf: ClientAddress, now: () => number = Date.now) {
    this.#perSecond = perSecond;
    this.#addressOf = addressOf;
    this.#now = now;
  }

  /** @throws {RequestError} `rate_limited`, with the seconds until the next request is admitted. */
  admit(request: AnyRequest): void {
    const perSecond = this.#perSecond;
    const client = this.#clientOf(request);
    const time = this.#now();
    const known = this.#buckets.get(client);
    const burst = Math.max(1, perSecond);
    const filled = known ? known.tokens + ((time - known.filledAt) / 1000) * perSecond : burst;
    const tokens = Math.min(burst, filled);
    const allowed = tokens >= 1;
    this.#buckets.set(client, { tokens: allowed ? tokens - 1 : tokens, filledAt: time });
    if (this.#buckets.size > maxClients) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    if (allowed) return;
    const retryAfterS = Math.max(1, Math.ceil((1 - tokens) / perSecond));
    const message = `more than ${perSecond} requests a second from one address: send fewer`;
    throw new RequestError('rate_limited', message, { retryAfterS });
  }

  /** A token counts as one client from all addresses; no address begins with "token". */
  #clientOf(request: AnyRequest): string {
    const principal = principalOf(request);
    return principal === anonymous ? this.#addressOf(request) : `token ${principal.name}`;
  }
}
