import type { Evaluation, Flag } from '../evaluation.ts';
import { murmur3 } from '../hash/murmur3.ts';
import { isObject } from '../json/values.ts';
import { operandOf, operatorOf } from '../rule/logic.ts';

/** One branch of the outermost `if` of a flag's rule. */
export interface FlagRule {
  /** Counted from 0; the otherwise is the last one. */
  readonly index: number;
  /**
   * Names the branch by its condition, across changes of the flag: two branches have one id if and,
   * as far as 32 bits can tell, only if their conditions are the same. `else` for the otherwise.
   */
  readonly id: string;
  /** The condition as written; undefined for the otherwise. */
  readonly condition: unknown;
}

/**
 * The branches of the outermost `if` of the rule that is in force. Empty for a flag without a rule,
 * and for a rule of another form, such as `fractional` alone.
 */
export function rulesOf({ effective }: Flag): readonly FlagRule[] {
  const targeting = isObject(effective) ? effective['targeting'] : undefined;
  const operator = operatorOf(targeting);
  const operand = operandOf(targeting);
  if ((operator !== 'if' && operator !== '?:') || !Array.isArray(operand)) return [];
  const count = Math.floor(operand.length / 2);
  const rules = Array.from({ length: count }, (_, index): FlagRule => {
    const condition: unknown = operand[index * 2];
    return { index, id: idOf(condition, index), condition };
  });
  return [...rules, { index: count, id: 'else', condition: undefined }];
}

/**
 * The index of the branch, among `rulesOf` its flag, that made an evaluation. Undefined if none
 * did: the flag has no such rule, is disabled, or failed.
 */
export function ruleOf(evaluation: Evaluation): number | undefined {
  return Branch.of(evaluation);
}

/** Freezes an evaluation that a branch makes. */
export function ofRule(evaluation: Evaluation, branch: number | undefined): Evaluation {
  return Object.freeze(branch === undefined ? evaluation : Branch.mark(evaluation, branch));
}

/** A constructor whose result is the given object, so that a derived class adds fields to it. */
const Given = function (evaluation: Evaluation): Evaluation {
  return evaluation;
} as unknown as new (evaluation: Evaluation) => Evaluation;

/**
 * The branch of an evaluation, in a private field of that object: no other code sees it, and it
 * costs less than an entry of a WeakMap, of which a large set has as many as branches.
 */
class Branch extends Given {
  readonly #index: number;

  private constructor(evaluation: Evaluation, index: number) {
    super(evaluation);
    this.#index = index;
  }

  static mark(evaluation: Evaluation, index: number): Evaluation {
    return new Branch(evaluation, index);
  }

  static of(evaluation: Evaluation): number | undefined {
    return #index in evaluation ? evaluation.#index : undefined;
  }
}

function idOf(condition: unknown, index: number): string {
  try {
    const json = JSON.stringify(condition) ?? 'null';
    return (murmur3(json) >>> 0).toString(16).padStart(8, '0');
  } catch {
    // A document can be given as an object that is not JSON.
    return `#${index}`;
  }
}
