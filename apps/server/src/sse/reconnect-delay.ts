/**
 * Reconnect spread per client, in milliseconds. At 2 ms, clients reconnect at 0.5 per ms. Refused
 * clients draw a new delay, so the peak of a long outage is e/2 = 1.36 per ms (the density of a
 * renewal by uniform waits), or 136 in 100 ms; the limit is 200.
 */
const perClientMs = 2;

/** Steps of half a second, so that many clients get the same hint. */
const stepMs = 500;

/** More than 30,000 clients don't wait longer than a minute. */
const maxSpreadMs = 60_000;

/**
 * The time over which this many clients should reconnect if all lost their streams now, in
 * milliseconds.
 */
export function reconnectSpreadMs(clients: number): number {
  return Math.min(Math.max(1, Math.ceil((clients * perClientMs) / stepMs)) * stepMs, maxSpreadMs);
}

/**
 * The delay for a client that waits exactly the time of the hint, after each failure again: a
 * random part of the spread, at least a quarter, since clients with tiny delays would reconnect
 * continuously.
 */
export function waitWithin(spreadMs: number, random: () => number = Math.random): number {
  return Math.round(spreadMs * (0.25 + 0.75 * random()));
}
