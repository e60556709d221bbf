import type { Problem } from '../json/problem.ts';
import type { Scope } from './scope.ts';

/**
 * A compiled rule. `data` is the evaluation context, or the current element of an iterating
 * operator; `now` is the clock in milliseconds.
 */
export type Rule = (data: unknown, now: number | undefined) => unknown;

/** A compiled rule of which only the truth matters; null counts as false. */
export type Condition = (data: unknown, now: number | undefined) => boolean | null;

/** One operator: how it compiles, and how it is checked before a write. */
export interface Operator {
  readonly compile: Compile;
  readonly check: CheckOperand;
}

/**
 * All operators by name. It is handed down, so that operators can compile and check their operands.
 */
export type Operators = ReadonlyMap<string, Operator>;

/** Compiles an operator, given its operand as written. */
export type Compile = (operand: unknown, scope: Scope) => Rule;

/** Checks an operand; `place` is the operand's, `operator` the name of its operator. */
export type CheckOperand = (operand: unknown, place: RulePlace, operator: string) => Problem[];

/** The place of a rule that is checked, and the evaluators that it may refer to. */
export interface RulePlace {
  readonly path: string;
  readonly operators: Operators;
  /** Undefined inside an evaluator: references do not nest. */
  readonly evaluators: Readonly<Record<string, unknown>> | undefined;
  readonly depth: number;
  /**
   * How much of the whole rule was checked so far, and its greatest depth; `isOver` once the rest
   * is skipped.
   */
  readonly checked: { parts: number; deepest: number; isOver: boolean };
}
