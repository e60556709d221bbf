import type { RequestHandler } from 'express';
import { HttpProblem } from './problem-details.ts';

/** How many clients are remembered; beyond that the one that has been remembered longest starts afresh. */
const maxClients = 10_000;

/**
 * Lets each client address ask so often a second, with a second's worth in one go; undefined is no limit. Beyond it the answer is a 429
 * that says in `Retry-After` when there is room again, in seconds.
 */
export function rateLimit(perSecond: number | undefined, now: () => number = Date.now): RequestHandler {
  if (perSecond === undefined) return (_request, _response, next) => next();
  const buckets = new Map<string, { tokens: number; filledAt: number }>();
  return (request, response, next) => {
    const client = request.socket.remoteAddress ?? '';
    const time = now();
    const known = buckets.get(client);
    const filled = known ? known.tokens + ((time - known.filledAt) / 1000) * perSecond : perSecond;
    const tokens = Math.min(Math.max(1, perSecond), filled);
    const allowed = tokens >= 1;
    buckets.set(client, { tokens: allowed ? tokens - 1 : tokens, filledAt: time });
    if (buckets.size > maxClients) buckets.delete(buckets.keys().next().value ?? '');
    if (allowed) {
      next();
      return;
    }
    response.setHeader('retry-after', Math.max(1, Math.ceil((1 - tokens) / perSecond)));
    next(new HttpProblem(429, `more than ${perSecond} requests a second: ask less often`));
  };
}
