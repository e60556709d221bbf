/** OpenTelemetry's default boundaries of durations, in seconds. */
export const bounds: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

const median = 0.05;
/** Of the logarithm of durations. */
export const sigma = 0.8;

/** The boundaries in standard deviations from the median, and those of requests a second longer. */
export const lnBounds: readonly number[] = bounds.map((bound) => Math.log(bound / median) / sigma);
export const lnTail: readonly number[] = bounds.map((bound) =>
  bound > 1 ? Math.log((bound - 1) / median) / sigma : -Infinity,
);

/** P(Z > z), to 1e-7 (Abramowitz and Stegun 26.2.17). */
export function tail(z: number): number {
  if (z < 0) return 1 - tail(-z);
  if (z === Infinity) return 0;
  const t = 1 / (1 + 0.2316419 * z);
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return Math.exp((-z * z) / 2) * 0.3989422804014327 * series;
}
