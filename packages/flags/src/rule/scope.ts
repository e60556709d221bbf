import type { FractionalHash } from '../flag-set-settings.ts';
import { RuleSyntaxError } from '../errors.ts';
import { evaluatorsPath, joinPath } from '../json/problem.ts';
import { maxDepth, maxRuleParts } from '../limits.ts';
import type { Operators, Rule } from './rule.ts';

/** The settings that all rules of one flag share. */
export interface RuleOwner {
  readonly flagKey: string;
  readonly operators: Operators;
  readonly fractionalHash: FractionalHash;
  /** After how many evaluations a chain of conditions becomes generated code. */
  readonly generateCodeAfter: number;
  /** The set's `$evaluators`, for `$ref`. */
  readonly evaluators: Readonly<Record<string, unknown>>;
  /** The JSON path of the rule. */
  readonly path: string;
  /**
   * The evaluation of the flag for a result of its rule. `branch` is the branch of the outermost
   * `if` that the result comes from, counted from 0; the otherwise is the last one.
   */
  outcome(result: unknown, branch: number | undefined): unknown;
  /** The same for a result that is written in the rule, which keeps the evaluation itself. */
  constant(result: unknown, branch: number | undefined): unknown;
  /** How many operators and operands were compiled so far. */
  parts: number;
  /**
   * Replaces each compiled operation and array, to watch it at work. With it, nothing is compiled
   * to a shortcut past its operands. Default: none, and no cost.
   */
  readonly trace?: Trace;
}

/** Returns a rule with the same results as `rule`, which was compiled from `logic`. */
export type Trace = (rule: Rule, logic: unknown, scope: Scope) => Rule;

/**
 * The place for which a rule is compiled. Whole sets compile at once, so a scope is small, and
 * derives its path on demand.
 */
export interface Scope {
  readonly owner: RuleOwner;
  /** Undefined for the whole rule of a flag. */
  readonly parent: Scope | undefined;
  readonly segment: string | number | undefined;
  readonly depth: number;
  /**
   * Whether the rule's result decides the flag: a constant is then looked up once, when the rule
   * compiles.
   */
  readonly deciding: boolean;
  /**
   * Inside map, filter, reduce, all, none or some, where `data` is an element and `$flagd` does not
   * exist. Elsewhere `data` is a plain object.
   */
  readonly iterating: boolean;
  /** Inside a `$ref`: references do not nest. */
  readonly referenced: boolean;
}

/** The scope of the whole rule of a flag. */
export function wholeRule(owner: RuleOwner): Scope {
  return scopeOf(owner, undefined, undefined, 0, true, false, false);
}

/** The scope of an operand, by its place among the operands. */
export function operandScope(scope: Scope, index: number): Scope {
  const { owner, depth, deciding, iterating, referenced } = scope;
  countParts(scope, 1);
  return scopeOf(owner, scope, index, depth, deciding, iterating, referenced);
}

/**
 * The scope of an operator's operands, one level deeper. Throws a `RuleSyntaxError` where that is
 * too deep.
 */
export function operatorScope(scope: Scope, operator: string | undefined): Scope {
  const { owner, depth, deciding, iterating, referenced } = scope;
  if (depth >= maxDepth) {
    throw new RuleSyntaxError(
      pathOf(scope),
      `the rule is nested deeper than ${maxDepth} levels`,
      'split it, or use $evaluators',
    );
  }
  countParts(scope, 1);
  return scopeOf(owner, scope, operator, depth + 1, deciding, iterating, referenced);
}

/** The same place, but the result does not decide the flag. */
export function valueScope(scope: Scope): Scope {
  return scope.deciding ? { ...scope, deciding: false } : scope;
}

/** The scope of an evaluator that a `$ref` stands for. */
export function evaluatorScope(scope: Scope, name: string): Scope {
  return { ...operatorScope(scope, name), referenced: true };
}

/** The same place, but in a loop over an array. */
export function elementScope(scope: Scope): Scope {
  return { ...scope, deciding: false, iterating: true };
}

/** The JSON path of a scope. */
export function pathOf({ owner, parent, segment, referenced }: Scope): string {
  if (referenced && parent?.referenced === false) return joinPath(evaluatorsPath, segment ?? '');
  const path = parent ? pathOf(parent) : owner.path;
  return segment === undefined ? path : joinPath(path, segment);
}

/**
 * The branch of the outermost `if` that a scope lies in; undefined outside of one. `index` is the
 * place among the operands of the scope's operator, if the operand has no scope of its own.
 */
export function branchOf(scope: Scope, index?: number): number | undefined {
  let [inner, place]: [Scope, string | number | undefined] = [scope, index];
  while (inner.parent?.parent !== undefined) [inner, place] = [inner.parent, inner.segment];
  const isChoice = inner.parent !== undefined && (inner.segment === 'if' || inner.segment === '?:');
  return isChoice && typeof place === 'number' ? Math.floor(place / 2) : undefined;
}

/**
 * A document that is given as an object can hold one part many times over, as aliases of YAML do.
 */
export function countParts(scope: Scope, parts: number): void {
  scope.owner.parts += parts;
  if (scope.owner.parts <= maxRuleParts) return;
  throw new RuleSyntaxError(
    pathOf(scope),
    `the rule has more than ${maxRuleParts} parts`,
    'split the flag, or compare with an array by "in"',
  );
}

/** One shape for all of them. */
function scopeOf(
  owner: RuleOwner,
  parent: Scope | undefined,
  segment: string | number | undefined,
  depth: number,
  deciding: boolean,
  iterating: boolean,
  referenced: boolean,
): Scope {
  return { owner, parent, segment, depth, deciding, iterating, referenced };
}
