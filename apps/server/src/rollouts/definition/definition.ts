import type { Breaker, Step } from '@graylane/rollout';
import type { EvidenceSource, Sli } from './sli.ts';

/** A rollout as it was requested, with its defaults: plain JSON. */
export interface RolloutDefinition {
  /** The key of the dye rule. */
  readonly flag: string;
  readonly lane: string;
  /** What is assigned to an arm and stays there. */
  readonly unit: 'request' | 'user' | 'tenant';
  /** The attribute of the evaluation context that is bucketed. */
  readonly unitKey: string;
  /** A flagd condition. Default: every unit is eligible. */
  readonly eligible?: unknown;
  /** A/A looks before the first step, for each weight that is calibrated. */
  readonly sameCodeLooks: number;
  /**
   * Standing lanes: both arms run the same code for good, at the weight of the only step, and the
   * guard's own false alarms are counted.
   */
  readonly standing: boolean;
  readonly steps: readonly Step[];
  readonly schedule: Schedule;
  /** How long a small control remains after promotion. */
  readonly bakeSeconds: number;
  /** The weight of that control in percent. */
  readonly bakeWeight: number;
  readonly guard: Guard;
}

/** How a rollout is judged. */
export interface Guard {
  readonly alpha?: number;
  readonly margin?: number;
  readonly promoteMargin?: number;
  /** Undefined: the environment decides; its first rollout pauses, later ones act. */
  readonly mode?: GuardMode;
  readonly lookSeconds: number;
  readonly minRequests?: number;
  readonly breaker?: Readonly<Record<string, Breaker>>;
  readonly sampleRatio?: 'hold' | 'pause' | 'rollback';
  readonly slis: readonly Sli[];
  readonly source: EvidenceSource;
}

/** The strongest action of the guard. */
export type GuardMode = 'report' | 'pause' | 'act';

/** When a rollout may move forward. It pauses and rolls back at any time. */
export interface Schedule {
  /** ISO 8601: the rollout begins then. */
  readonly start?: string;
  readonly hours?: WorkingHours;
  readonly freezes: readonly Freeze[];
}

/** Hours of the week in which the rollout may move forward. */
export interface WorkingHours {
  /** An IANA time zone, e.g. `Asia/Shanghai`. */
  readonly timeZone: string;
  readonly days: readonly Day[];
  /** `HH:MM`; `to` is not included, and `24:00` is the end of the day. */
  readonly from: string;
  readonly to: string;
}

export type Day = (typeof days)[number];

export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** A time in which the rollout does not move forward. */
export interface Freeze {
  /** ISO 8601. */
  readonly from: string;
  readonly to: string;
  readonly reason?: string;
}
