import type { ExponentialHistogram, Histogram } from '@graylane/rollout';

/** The requests that one series of a metric has counted in a window of time. */
export interface Increment {
  readonly service: string;
  /** The instance of the service; empty if it is not known. */
  readonly instance: string;
  readonly lane: string;
  /** As `metricName` makes it. */
  readonly metric: string;
  /** The values of the series' attributes, by the names that `labelName` makes. */
  readonly labels: ReadonlyMap<string, string>;
  readonly requests: number;
  /** The durations of all requests together; undefined if they are not known. */
  readonly seconds: number | undefined;
  /** The durations of the requests; undefined if the series counts without them. */
  readonly durations: Histogram | ExponentialHistogram | undefined;
}
