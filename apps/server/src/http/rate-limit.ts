import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpProblem } from './problem-details.ts';

/** How many clients are remembered; beyond that the one that has been remembered longest starts afresh. */
const maxClients = 10_000;

/** Lets each client address ask so often a second, with a second's worth in one go; undefined is no limit. */
export class RateLimit {
  readonly #perSecond: number | undefined;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; filledAt: number }>();

  constructor(perSecond: number | undefined, now: () => number = Date.now) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** @throws {HttpProblem} 429 with a `Retry-After` that says when there is room again, in seconds. */
  admit({ socket }: IncomingMessage, response: ServerResponse): void {
    const perSecond = this.#perSecond;
    if (perSecond === undefined) return;
    const client = socket.remoteAddress ?? '';
    const time = this.#now();
    const known = this.#buckets.get(client);
    const filled = known ? known.tokens + ((time - known.filledAt) / 1000) * perSecond : perSecond;
    const tokens = Math.min(Math.max(1, perSecond), filled);
    const allowed = tokens >= 1;
    this.#buckets.set(client, { tokens: allowed ? tokens - 1 : tokens, filledAt: time });
    if (this.#buckets.size > maxClients) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    if (allowed) return;
    response.setHeader('retry-after', Math.max(1, Math.ceil((1 - tokens) / perSecond)));
    throw new HttpProblem(429, `more than ${perSecond} requests a second: ask less often`);
  }
}
