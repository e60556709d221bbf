const baseMs = 500;
const capMs = 8000;
const maxSpreadMs = 60_000;

/** The waits that the server requested, in milliseconds. */
export interface ServerRequests {
  /** `Retry-After`: the shortest wait. Default: 0. */
  readonly retryAfterMs?: number;
  /** `retry:`: the window over which all clients should spread their reconnects. Default: 0. */
  readonly spreadMs?: number;
}

/**
 * Returns how long to wait before attempt `failures` + 1, in milliseconds. Exponential backoff with
 * a cap and full jitter: clients that lost a server together do not reconnect together.
 */
export function backoff(
  failures: number,
  { retryAfterMs = 0, spreadMs = 0 }: ServerRequests = {},
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(failures, 10));
  return retryAfterMs + random() * Math.max(ceiling, Math.min(spreadMs, maxSpreadMs));
}

/**
 * Returns `Retry-After` (RFC 9110, section 10.2.3: seconds or a date) in milliseconds, at most an
 * hour, and 0 if it is absent or malformed.
 */
export function readRetryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 3_600_000) : 0;
}
