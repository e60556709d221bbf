import type { Place } from './syntax.ts';

/** A service level indicator that the source declares. */
export interface Indicator {
  readonly name: string;
  readonly kind: 'ratio' | 'latency';
  /** The share of events that are to be good. */
  readonly objective: number;
  /** Of a latency, in seconds. */
  readonly thresholdSeconds?: number;
  /** Absent if the source has none. */
  readonly description?: string;
  /** The source of its events: its own (`sli(…)`), or the requests of one route (`@sli`). */
  readonly measuredBy: 'events' | { readonly route: string } | { readonly rpc: string };
  /** The routes that it covers, e.g. `GET /orders/:id`. */
  readonly routes: readonly string[];
  readonly at: Place;
}

/** A route or a procedure that is served. */
export interface ServedRoute {
  /** `GET /orders/:id`, or `Payments/charge`. */
  readonly name: string;
  readonly at: Place;
}

/** A part of the source that could not be followed, and why. */
export interface NotFollowed {
  readonly what: string;
  readonly at: Place;
}

/** All that was found in a set of files. */
export interface Findings {
  readonly indicators: readonly Indicator[];
  readonly routes: readonly ServedRoute[];
  readonly notFollowed: readonly NotFollowed[];
}
