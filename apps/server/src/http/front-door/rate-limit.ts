import { TokenBucket } from 'limiter';
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
  readonly #buckets = new Map<string, TokenBucket>();

  /**
   * The limit that these options set; undefined if they set none.
   * @throws {RangeError} if a proxy is not an address.
   */
  static of({ rateLimit, trustProxies }: RateLimitOptions): RateLimit | undefined {
    const addressOf = clientAddress(trustProxies);
    return rateLimit === undefined ? undefined : new RateLimit(rateLimit, addressOf);
  }

  constructor(perSecond: number, addressOf: ClientAddress) {
    this.#perSecond = perSecond;
    this.#addressOf = addressOf;
  }

  /** @throws {RequestError} `rate_limited`, with the seconds until the next request is admitted. */
  admit(request: AnyRequest): void {
    const bucket = this.#bucketOf(this.#clientOf(request));
    if (bucket.tryRemoveTokens(1)) return;
    const retryAfterS = Math.max(1, Math.ceil(bucket.getWaitTime(1) / 1000));
    const message = `more than ${this.#perSecond} requests a second from one address: send fewer`;
    throw new RequestError('rate_limited', message, { retryAfterS });
  }

  #bucketOf(client: string): TokenBucket {
    let bucket = this.#buckets.get(client);
    if (bucket === undefined) {
      const tokensPerInterval = this.#perSecond;
      const bucketSize = Math.max(1, tokensPerInterval);
      bucket = new TokenBucket({ bucketSize, tokensPerInterval, interval: 'second' });
      // The library begins with an empty bucket.
      bucket.content = bucketSize;
      this.#buckets.set(client, bucket);
      if (this.#buckets.size > maxClients) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    }
    return bucket;
  }

  /** A token counts as one client from all addresses; no address begins with "token". */
  #clientOf(request: AnyRequest): string {
    const principal = principalOf(request);
    return principal === anonymous ? this.#addressOf(request) : `token ${principal.name}`;
  }
}
