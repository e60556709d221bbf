import type { Difference } from '../model/diff.ts';

/** An event that webhooks are notified of. */
export type WebhookEvent = RevisionEvent | FaultEvent | RefusalsEvent | RolloutEvent;

/** The kinds of events, as a webhook names those that it wants. */
export const eventTypes = ['revision', 'fault', 'refusals', 'rollout'] as const;

export type EventType = (typeof eventTypes)[number];

interface InEnvironment {
  readonly environment: string;
  /** ISO 8601, in UTC. */
  readonly at: string;
}

/** The flags of an environment have changed. */
export interface RevisionEvent extends InEnvironment {
  readonly type: 'revision';
  readonly revision: string;
  readonly author: string;
  readonly reason?: string | undefined;
  /** The first differences. */
  readonly diff: readonly Difference[];
  /** How many further differences there are, at least: only the first parts are compared. */
  readonly more?: number;
}

/** The store of an environment has a fault that an operator must mend, or has it no longer. */
export interface FaultEvent extends InEnvironment {
  readonly type: 'fault';
  readonly degraded: boolean;
  readonly details: object;
}

/** Requests that were refused since the last such event. */
export interface RefusalsEvent {
  readonly type: 'refusals';
  readonly at: string;
  readonly refusals: readonly {
    readonly protocol: string;
    readonly reason: string;
    readonly count: number;
  }[];
}

/** A rollout has moved: a step, a pause, a promotion or a rollback, by verdict or by hand. */
export interface RolloutEvent extends InEnvironment {
  readonly type: 'rollout';
  readonly id: string;
  readonly flag: string;
  readonly lane: string;
  /** E.g. `step`, `pause` or `rollback`. */
  readonly kind: string;
  /** The state after it, e.g. `rolled_back`. */
  readonly state: string;
  readonly step: number;
  /** The share of the lane in percent, after it. */
  readonly weight: number;
  readonly author: string;
  readonly because: string;
  /** The path of the report on this server. */
  readonly report: string;
}
