const first = 0.001;
const last = 10;
/** 51 steps from 1 ms to 10 s: each boundary is 19.8 % above the one before it. */
const steps = 51;

/**
 * Upper boundaries of duration histograms, in seconds: 1 ms to 10 s, neighbours at most 20 % apart.
 * With OpenTelemetry's default boundaries, a latency that grows by 15 % usually stays in its
 * bucket.
 */
export const durationBoundaries: readonly number[] = Array.from({ length: steps + 1 }, (_, step) =>
  Number((first * (last / first) ** (step / steps)).toPrecision(4)),
);
