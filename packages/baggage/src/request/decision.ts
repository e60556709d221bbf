import type { BaggageEvent } from '../counters.ts';

/**
 * The decision on the lane of a request. `explainRequest` formats it only when it is called.
 */
export type Decision = AdmissionDecision | RuleDecision | CodeDecision;

/** An ingress policy, by the headers of the request. */
export interface AdmissionDecision {
  readonly by: 'ingress';
  readonly mode: 'strip' | 'accept' | 'verify';
  readonly laneKey: string;
  /** The `baggage` header as it came. */
  readonly header: string;
  /** The lane of a mesh's own header, if that decided. */
  readonly alias: string | undefined;
  /** Why the policy refused the mark, or the pins. */
  readonly refused: BaggageEvent | undefined;
}

/** A dye rule, or the choice of the request. */
export interface RuleDecision {
  readonly by: 'rule' | 'choice';
  readonly lane: string;
  readonly flag?: string;
  readonly variant?: string | undefined;
  readonly reason?: string | undefined;
  /** Why the rule did not decide and the request is in baseline. */
  readonly fault?: string | undefined;
  /** The admission that the request had before. */
  readonly admission?: Decision | undefined;
}

/** Application code: `runInLane`, or a cell that was dyed by hand. */
export interface CodeDecision {
  readonly by: 'code' | 'job';
  readonly lane: string;
}
