import type { MemorySample } from './memory-timeline.ts';

/** Seconds of much allocation that a major collection followed. */
export interface AllocationPeak {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly allocatedBytes: number;
  /** How many times the median second allocates. */
  readonly timesMedian: number;
  readonly majorGcs: number;
  readonly majorPauseMs: number;
}

/** A peak allocates at least this much more than the median second, */
const factor = 3;
/** and at least this much in a second, so that an idle process has no peaks. */
const leastBytes = 2 ** 20;
/** How many seconds later the major collection may be. */
const reach = 5;

/**
 * The windows in which allocation peaks and a major collection follows, from the oldest to the
 * newest.
 */
export function findAllocationPeaks(samples: readonly MemorySample[]): AllocationPeak[] {
  const median = medianOf(samples.map(({ allocatedBytes }) => allocatedBytes));
  const isPeak = ({ allocatedBytes }: MemorySample): boolean =>
    allocatedBytes >= leastBytes && allocatedBytes > factor * median;
  const peaks: AllocationPeak[] = [];
  for (let first = 0; first < samples.length; first++) {
    if (!isPeak(samples[first] as MemorySample)) continue;
    let last = first;
    while (last + 1 < samples.length && isPeak(samples[last + 1] as MemorySample)) last++;
    const peak = describe(samples.slice(first, last + 1), samples.slice(first, last + 1 + reach), median);
    if (peak.majorGcs > 0) peaks.push(peak);
    first = last;
  }
  return peaks;
}

function describe(
  window: readonly MemorySample[],
  withFollowers: readonly MemorySample[],
  median: number,
): AllocationPeak {
  const allocatedBytes = sum(window.map((sample) => sample.allocatedBytes));
  const majors = withFollowers.flatMap(({ gc }) => gc.major ?? []);
  return {
    from: (window[0]?.at ?? 0) - 1000,
    to: window.at(-1)?.at ?? 0,
    allocatedBytes,
    timesMedian: Math.round((10 * allocatedBytes) / window.length / Math.max(1, median)) / 10,
    majorGcs: sum(majors.map(({ count }) => count)),
    majorPauseMs: sum(majors.map(({ pauseMs }) => pauseMs)),
  };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
