import type { Evaluation, JsonValue } from '../evaluation.ts';
import type { FractionalHash } from '../flag-set-settings.ts';

/**
 * One evaluation, and the way of its evaluation context through the rule. It is plain JSON of
 * bounded size: at most 500 steps. Values of the context and the rule are cut to about 300
 * characters, and end in "…" then; numbers that JSON lacks are strings, e.g. "NaN".
 */
export interface Explanation {
  readonly flag: string;
  /** The same as that of `evaluate`. */
  readonly evaluation: Evaluation;
  /** The clock that the rule saw, in milliseconds since 1970. */
  readonly now: number;
  /**
   * The outermost operation of the rule. Undefined where no rule ran: the flag is unknown, broken
   * or disabled, or has no rule.
   */
  readonly rule?: ExplainedStep;
}

/** One operation that was evaluated. Operations that the rule did not get to have no step. */
export interface ExplainedStep {
  /** JSON path of the operation in the flag document, e.g. `$.flags.fees.targeting.if[0]`. */
  readonly path: string;
  /** E.g. `==`; `$ref` for a shared evaluator, whose rule is the only step below. */
  readonly operator: string;
  /** The first 20 operands as they are written; none for `if`, see `choice`. */
  readonly operands: readonly ExplainedOperand[];
  /** Undefined if the operation failed. */
  readonly result?: JsonValue;
  /** Why the operation failed, e.g. since the evaluation reached a limit. */
  readonly error?: string;
  /** The facts that `var`, `missing`, `missing_some` and `fractional` read by themselves. */
  readonly reads?: readonly ExplainedRead[];
  /** Of `if`. */
  readonly choice?: ExplainedChoice;
  /** Of `fractional`. */
  readonly bucket?: ExplainedBucket;
  /** Of `sem_ver`: both versions as they were compared, null for one that is not a version. */
  readonly versions?: readonly [string | null, string | null];
  /** The operations among the operands, in the order of their evaluation. */
  readonly steps: readonly ExplainedStep[];
  /** How many steps below this one are left out: of long loops, for example. */
  readonly omitted?: number;
}

/** One operand. */
export interface ExplainedOperand {
  /** Undefined if the operand was not evaluated, as after the first false operand of `and`. */
  readonly value?: JsonValue;
  /** The index in `steps` of the operation that made the value. */
  readonly step?: number;
}

/** A fact that an operation read. */
export interface ExplainedRead {
  /** The path with dots; an empty one is the whole evaluation context or element. */
  readonly path: string;
  /** Null if it is absent. */
  readonly value: JsonValue;
  readonly present: boolean;
  /** Whether the path begins at an element of a loop, not at the evaluation context. */
  readonly ofElement: boolean;
}

/** The branch that `if` took. */
export interface ExplainedChoice {
  /** The conditions that were tried, up to the first that holds: the first and last 50. */
  readonly conditions: readonly ExplainedCondition[];
  /** How many conditions between them are left out. */
  readonly omitted: number;
  /**
   * JSON path of the result that was taken. Undefined if no condition holds, without an otherwise.
   */
  readonly taken?: string;
}

/** One condition of `if`. */
export interface ExplainedCondition {
  /** JSON path. */
  readonly path: string;
  readonly value: JsonValue;
  readonly holds: boolean;
  /** The index in `steps` of the operation that made the value. */
  readonly step?: number;
}

/** How `fractional` chose. */
export interface ExplainedBucket {
  /** The version of the hash: see docs/evaluation.md. */
  readonly hash: FractionalHash;
  /** The value that was hashed, v3 as CBOR. Undefined without a bucket key: the result is null. */
  readonly key?: JsonValue;
  /** Whether the key is the flag's key with the targeting key, or the first operand. */
  readonly keyFrom: 'targetingKey' | 'operand';
  /** Where the hash falls, from 0 to 100. Undefined without a bucket key. */
  readonly position?: number;
  /** The sum of the weights. Undefined if it is 0 or too large, or a weight is not an integer. */
  readonly totalWeight?: number;
  /** The first 100 ranges of variants, in a loop only the one that was taken. */
  readonly ranges: readonly ExplainedRange[];
}

/** The share of one variant. */
export interface ExplainedRange {
  readonly variant: JsonValue;
  /** As written in the rule: a share of the sum of all weights. */
  readonly weight: number;
  /** Inclusive, in percent. */
  readonly from: number;
  /** Exclusive, in percent. */
  readonly to: number;
  /** Whether the position lies in this range. */
  readonly taken: boolean;
}
