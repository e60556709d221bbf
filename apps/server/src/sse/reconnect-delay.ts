/**
 * How long a server's clients take to come back after a loss, for each of them. Half a client a millisecond goes on its way then, and as
 * clients that are refused draw anew, up to e/2 a millisecond (the density of a renewal by uniform waits) in the worst moment of a long
 * outage: 136 in a tenth of a second, which chance does not make 200.
 */
const perClientMs = 2;

/** In steps of half a second, so that many are told the same. More than 30,000 clients are not kept waiting for more than a minute. */
const stepMs = 500;
const maxSpreadMs = 60_000;

/** Over how long so many clients should come back, were they all to lose their streams now, in milliseconds. */
export function spreadOf(clients: number): number {
  return Math.min(Math.max(1, Math.ceil((clients * perClientMs) / stepMs)) * stepMs, maxSpreadMs);
}

/**
 * How long a client should wait that waits exactly as long as it is told, after each failure again: a random part of the spread, but no
 * small one, or those who drew the smallest would knock all the time.
 */
export function waitWithin(spreadMs: number, random: () => number = Math.random): number {
  return Math.round(spreadMs * (0.25 + 0.75 * random()));
}
