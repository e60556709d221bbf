import type { Calls } from './calls.ts';
import { quantileRange, type QuantileRange } from './durations.ts';

/** Calls as responses show them. */
export interface DescribedCalls {
  readonly requests: number;
  /** With the 95 % interval of Wilson. */
  readonly errors: {
    readonly count: number;
    readonly ratio: number | null;
    readonly low: number;
    readonly high: number;
  };
  /** In seconds, as precisely as the buckets of the histograms allow; null without histograms. */
  readonly latency: { readonly p50: QuantileRange; readonly p95: QuantileRange } | null;
}

/** Describes calls: errors with an interval, latency by its buckets. */
export function describeCalls({ requests, errors, durations }: Calls): DescribedCalls {
  const p50 = durations && quantileRange(durations, 0.5);
  const p95 = durations && quantileRange(durations, 0.95);
  return {
    requests,
    errors: { count: errors, ratio: requests === 0 ? null : errors / requests, ...wilson(errors, requests) },
    latency: p50 === undefined || p95 === undefined ? null : { p50, p95 },
  };
}

/** The 95 % interval of a proportion (Wilson, 1927). */
function wilson(hits: number, total: number): { low: number; high: number } {
  if (total === 0) return { low: 0, high: 1 };
  const z2 = 1.959964 ** 2;
  const center = (hits + z2 / 2) / (total + z2);
  const spread = (Math.sqrt(z2) / (total + z2)) * Math.sqrt((hits * (total - hits)) / total + z2 / 4);
  return { low: Math.max(0, center - spread), high: Math.min(1, center + spread) };
}
