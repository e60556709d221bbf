const baseMs = 500;
const capMs = 8000;
const maxSpreadMs = 60_000;

/** What the server has asked for, in milliseconds. */
export interface Asked {
  /** To stay away for so long at least. Default: 0. */
  readonly retryAfterMs?: number;
  /** To come back over so long, together with all the others. Default: 0. */
  readonly spreadMs?: number;
}

/**
 * How long to wait before attempt `failures` + 1, in milliseconds: full jitter under an exponential that is capped, so that clients
 * that lost one server together don't come back together. What the server asks for is kept, with jitter on top.
 */
export function backoff(
  failures: number,
  { retryAfterMs = 0, spreadMs = 0 }: Asked = {},
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(failures, 10));
  return retryAfterMs + random() * Math.max(ceiling, Math.min(spreadMs, maxSpreadMs));
}

/** `Retry-After` in milliseconds (RFC 9110, section 10.2.3: seconds or a date); 0 where there is none. At most an hour. */
export function readRetryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 3_600_000) : 0;
}
