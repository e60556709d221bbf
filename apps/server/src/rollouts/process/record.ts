import type { Action, Evidence, Rollout, Verdict } from '@graylane/rollout';
import type { GuardMode, RolloutDefinition } from '../definition/definition.ts';
import type { FlagDefinition } from '../targeting/dye-rule.ts';
import type { Distributions } from './distributions.ts';
import type { CountedPart } from './parts.ts';

/** Records of rollouts have this kind. */
export const recordKind = 'rollout';

/** A rollout with its evidence, as it is stored beside the flags: plain JSON of bounded size. */
export interface RolloutRecord {
  readonly version: 1;
  readonly id: string;
  readonly definition: RolloutDefinition;
  /** The strongest action of the guard: as requested, or the environment's default. */
  readonly mode: GuardMode;
  /** Draws the units of the arms; the same for a rollout that takes over the arms of another. */
  readonly seed: string;
  /** The dye rule as it was before. */
  readonly original: FlagDefinition;
  readonly rollout: Rollout;
  /** How many revisions the rollout has made. */
  readonly move: number;
  /** Counts starts and retries: each one is judged anew. */
  readonly attempt: number;
  /** The weights that A/A looks are still to be taken at; the first one is in force in step 0. */
  readonly calibrating: readonly number[];
  /** After the bake time, or by hand: the rollout has ended, and nothing is looked at any more. */
  readonly ended: boolean;
  /** After `ended`: the dye rule is its own again. */
  readonly finished: boolean;
  /** Why the rollout is in its state. */
  readonly because: string;
  readonly acts: readonly Act[];
  readonly watch: Watch;
}

/** An act that made a revision. */
export interface Act {
  /** The number of the revision among those of the rollout. */
  readonly move: number;
  readonly kind: ActKind;
  /** ISO 8601. */
  readonly at: string;
  readonly author: string;
  readonly reason: string;
  readonly state: Rollout['state'];
  readonly step: number;
  /** The share of gray in percent, after the act. */
  readonly weight: number;
  /** The verdict by which the guard acted. */
  readonly verdict?: Verdict;
  /** The services, routes and instances that carried the difference, the greatest first. */
  readonly carriers?: readonly CountedPart[];
}

export type ActKind =
  | 'start'
  | 'calibrate'
  | 'step'
  | 'pause'
  | 'resume'
  | 'promote'
  | 'rollback'
  | 'end'
  | 'finish';

/** What the guard has seen. */
export interface Watch {
  /** By arms; see `armsKey`. */
  readonly evidence: Readonly<Record<string, Evidence>>;
  readonly verdict?: Verdict;
  /** Why the newest look holds, faults of the data first. */
  readonly holds: readonly string[];
  /** The kind of the strongest reason, for metrics. */
  readonly heldBy?: HeldBy;
  /** The end of the last counted look, in ms since 1970: the next one begins there. */
  readonly lookedAt: number;
  /** When the guard last tried to look, in ms since 1970. */
  readonly triedAt?: number;
  /** The age of the newest data then, in ms. */
  readonly ageMs?: number;
  /** Looks that were counted, A/A looks included. */
  readonly looks: number;
  readonly series: readonly Point[];
  readonly distributions: Readonly<Record<string, Distributions>>;
  readonly parts: readonly CountedPart[];
  readonly falseAlarms?: FalseAlarms;
}

/** Data is missing or faulty; the evidence does not suffice; a schedule; or a kill or an edit. */
export type HeldBy = 'data' | 'evidence' | 'schedule' | 'obstacle';

/** The evidence after one look, for plots. */
export interface Point {
  /** ms since 1970. */
  readonly at: number;
  readonly step: number;
  readonly fast: number;
  readonly robust: number;
  readonly reverse: number;
  readonly threshold: number;
}

/** Mock rollouts that have ended, and their acts. */
export interface AlarmCounts {
  readonly windows: number;
  readonly pauses: number;
  readonly rollbacks: number;
}

/** Mock rollouts over lanes that run the same code: each action of theirs is a false alarm. */
export interface FalseAlarms extends AlarmCounts {
  readonly looks: number;
  /** Those of the day of the newest look; absent in records of earlier versions. */
  readonly today?: AlarmCounts & {
    /** In UTC, e.g. `2027-01-29`. */
    readonly day: string;
  };
  readonly current: {
    readonly evidence?: Evidence;
    readonly calibrated: number;
    readonly looks: number;
    readonly alarm?: Action;
  };
}

/** Whether the rollout owns its dye rule. */
export function ownsRule({ rollout, finished }: RolloutRecord): boolean {
  return rollout.state !== 'scheduled' && !finished;
}

/** Whether the guard still looks at the rollout. */
export function isWatched({ rollout, ended }: RolloutRecord): boolean {
  return !ended && rollout.state !== 'rolled_back';
}

/** Whether the rollout may still move. */
export function isActive(record: RolloutRecord): boolean {
  return isWatched(record) && record.rollout.state !== 'promoted';
}
