const whole = new Intl.NumberFormat('en');

/** A count with separators: "12,480". */
export function count(value: number): string {
  return whole.format(Math.round(value));
}

/** "1 context", "3 contexts". */
export function countOf(value: number, noun: string, plural: string = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** A share from 0 to 1 in percent, with as many digits as it deserves; it stays on one line. */
export function percent(share: number): string {
  const value = share * 100;
  const digits = value < 0.0005 || value >= 99.95 ? 0 : value < 0.1 ? 3 : value < 1 ? 2 : 1;
  return `${value.toFixed(digits)}\u00a0%`;
}

/** Seconds as milliseconds or seconds: "182 ms", "1.4 s". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '—';
  return seconds < 1
    ? `${Math.round(seconds * 1000)}\u00a0ms`
    : `${seconds.toFixed(seconds < 10 ? 1 : 0)}\u00a0s`;
}

/** A revision without the name of its history: "42". */
export function shortRevision(revision: string): string {
  return revision.split('.').at(-1)?.slice(0, 10) ?? revision;
}

/** The errors and latency of requests, as the server describes them. */
interface Measured {
  readonly errors: { readonly ratio: number | null; readonly low: number; readonly high: number };
  readonly latency: { readonly p95: { readonly from: number; readonly to: number | null } } | null;
}

/** "0.21 % (0.10–0.42 %)": with the 95 % interval. */
export function errorsWithInterval({ errors: { ratio, low, high } }: Measured): string {
  return ratio === null ? '—' : `${percent(ratio)} (${percent(low)}–${percent(high)})`;
}

/** The bucket in which the quantile lies: buckets do not tell it closer. */
export function p95Range({ latency }: Measured): string {
  if (latency === null) return '—';
  const { from, to } = latency.p95;
  return to === null ? `over ${duration(from)}` : `${duration(from)}–${duration(to)}`;
}
