import { RolloutError } from './rollout-error.ts';
import type { Verdict } from './verdict/verdict.ts';

/** One step of a rollout. */
export interface Step {
  /** Percent of the eligible units. */
  readonly weight: number;
  /** The step lasts at least this long. Default: 0. */
  readonly minSeconds?: number;
  /** Each arm needs this many requests in the step. Default: 0. */
  readonly minRequests?: number;
}

/** Where a rollout stands: plain JSON. */
export interface Rollout {
  /** `advance` changes only a rollout that is `running`. */
  readonly state: 'scheduled' | 'running' | 'paused' | 'promoted' | 'rolled_back';
  /** The steps, in their order. */
  readonly steps: readonly Step[];
  /** The step that runs, from 1; 0 while both arms run the same code. */
  readonly step: number;
  /** A/A looks before the first step. Default: 0. */
  readonly sameCodeLooks?: number;
  /** When the state or the step last changed, in ms since 1970. */
  readonly since: number;
  /** Requests of the arm with fewer, when the step began. */
  readonly requestsBefore?: number;
  /** The rollout moves on by time and requests alone, as the guard only reports. Default: false. */
  readonly reportOnly?: boolean;
}

/**
 * The rollout after a verdict. Pure: weights are moved by the caller, when `step` or `state`
 * differs. A running rollout rolls back and pauses at once; it goes one step on when the verdict is
 * `promote` and the step has had its time and its requests. From the last step it is promoted. A
 * hold changes nothing, and neither does any verdict in a state other than `running`.
 * @throws {RolloutError} if the rollout has no steps, or stands at one that does not exist
 */
export function advance(rollout: Rollout, verdict: Verdict, now: Date): Rollout {
  const { state, step, steps } = rollout;
  if (steps.length === 0 || !Number.isInteger(step) || step < 0 || step > steps.length) {
    throw new RolloutError(
      'invalid_rollout',
      `rollout.step is ${step} of ${steps.length} steps: give at least one step, and a step from 0 (A/A looks) to their number`,
    );
  }
  const since = now.getTime();
  if (state !== 'running') return rollout;
  if (verdict.action === 'rollback') return { ...rollout, state: 'rolled_back', since };
  if (verdict.action === 'pause') return { ...rollout, state: 'paused', since };
  if (!isStepDone(rollout, verdict, since)) return rollout;
  if (step === steps.length) return { ...rollout, state: 'promoted', since };
  return { ...rollout, step: step + 1, since, requestsBefore: requestsOf(verdict) };
}

function isStepDone(rollout: Rollout, verdict: Verdict, now: number): boolean {
  const step = rollout.steps[rollout.step - 1];
  if (step === undefined) return (verdict.calibration?.looks ?? 0) >= (rollout.sameCodeLooks ?? 0);
  const { minSeconds = 0, minRequests = 0 } = step;
  const lasted = now - rollout.since >= minSeconds * 1000;
  const enough = requestsOf(verdict) - (rollout.requestsBefore ?? 0) >= minRequests;
  return lasted && enough && (verdict.action === 'promote' || rollout.reportOnly === true);
}

function requestsOf({ requests }: Verdict): number {
  return Math.min(requests.gray, requests.control);
}
