import type { Counts } from './counts.ts';

/** The counts of one interval of time, in the gray arm and in the control arm. */
export interface Look {
  /** When the interval ended, in ms since 1970. Must rise: a look that is not newer is ignored. */
  readonly at: number;
  /** By SLI, e.g. "payments latency". */
  readonly slis: Readonly<Record<string, Arms>>;
  /** The effective number of units in each arm, (sum w)^2 / sum w^2 over their requests so far. */
  readonly units?: { readonly gray: number; readonly control: number };
  /** Both arms ran the same code: an A/A look, by which the arms are calibrated. */
  readonly sameCode?: boolean;
  /**
   * Identifies the members of the arms. Another value needs a new calibration; without one it stays
   * the same.
   */
  readonly members?: string;
  /** Units assigned in this interval, and the share of them that should be gray. */
  readonly assigned?: { readonly gray: number; readonly control: number; readonly expected: number };
  /** The same counts by SLI and instance, for finding an instance that carries a difference. */
  readonly instances?: Readonly<Record<string, Readonly<Record<string, Partial<Arms>>>>>;
}

/** The counts of both arms. */
export interface Arms {
  /** Requests of the lane that is judged. */
  readonly gray: Counts;
  /** Requests of the lane that it is compared with, from as many units. */
  readonly control: Counts;
}

/** Why an assignment cannot be judged; undefined if it can, or without an assignment. */
export function faultOfAssigned(assigned: Look['assigned']): string | undefined {
  if (!assigned) return undefined;
  const { gray, control, expected } = assigned;
  const counts = [gray, control].every((count) => Number.isInteger(count) && count >= 0);
  if (!counts) return 'the assigned units are not counts';
  if (expected > 0 && expected < 1) return undefined;
  return `the expected share is ${String(expected)}, not between 0 and 1`;
}
