import { RuleSyntaxError } from '../errors.ts';
import { show } from '../json/problem.ts';
import { isConstant, operandOf, operatorOf } from './logic.ts';
import type { Rule } from './rule.ts';
import {
  branchOf,
  evaluatorScope,
  operandScope,
  operatorScope,
  pathOf,
  valueScope,
  type Scope,
} from './scope.ts';
import { countValue } from '../work-limit.ts';

/** Compiles a JsonLogic rule with flagd's operators into closures. Throws a `RuleSyntaxError`. */
export function compileRule(logic: unknown, scope: Scope): Rule {
  if (isConstant(logic)) return constant(resultOf(logic, scope), scope);
  const { trace } = scope.owner;
  const rule = compileParts(logic, scope);
  return trace === undefined ? rule : trace(rule, logic, scope);
}

function compileParts(logic: unknown, scope: Scope): Rule {
  const operator = operatorOf(logic);
  if (scope.deciding && (operator === undefined || !passOn.has(operator))) {
    return decided(compileRule(logic, valueScope(scope)), scope);
  }
  if (operator === undefined) return compileArray(logic as readonly unknown[], scope);
  const operand = operandOf(logic);
  if (operator === '$ref') return compileReference(operand, scope);
  const inner = operatorScope(scope, operator);
  const { operators } = scope.owner;
  const known = operators.get(operator);
  if (known) return known.compile(operand, inner);
  throw new RuleSyntaxError(
    pathOf(inner),
    `there is no operator "${operator}"`,
    `use one of ${[...operators.keys()].join(' ')}`,
  );
}

/** Compiles an operand in the scope of its operator; `index` is its place among the operands. */
export function compileOperand(logic: unknown, scope: Scope, index: number): Rule {
  return isConstant(logic)
    ? constant(resultOf(logic, scope, index), scope)
    : compileRule(logic, operandScope(scope, index));
}

/**
 * Compiles an operator's operands. Without an array, the operand is the only one, or a rule that
 * makes the array.
 */
export function compileOperands(operand: unknown, scope: Scope): Rule[] | Rule {
  if (Array.isArray(operand)) return operand.map((logic, index) => compileOperand(logic, scope, index));
  const rule = compileRule(operand, scope);
  return (data, now) => {
    const result = rule(data, now);
    return Array.isArray(result) ? result : [result];
  };
}

/** The same for an operator that takes the values of all operands as an array. */
export function compileValues(
  operand: unknown,
  scope: Scope,
): (data: unknown, now: number | undefined) => readonly unknown[] {
  const rules = compileOperands(operand, scope);
  return Array.isArray(rules)
    ? (data, now) => rules.map((rule) => rule(data, now))
    : (data, now) => rules(data, now) as unknown[];
}

/**
 * The result of a plain value: itself, or the evaluation of the flag that it names. `index` is its
 * place among the operands of the scope's operator.
 */
export function resultOf(value: unknown, scope: Scope, index?: number): unknown {
  return scope.deciding ? scope.owner.constant(value, branchOf(scope, index)) : value;
}

/** A rule whose result becomes the evaluation of the flag where the scope wants one. */
export function decided(rule: Rule, scope: Scope): Rule {
  if (!scope.deciding) return rule;
  const { owner } = scope;
  const branch = branchOf(scope);
  return (data, now) => owner.outcome(rule(data, now), branch);
}

/**
 * Operators that return the result of one of their operands, so that the operand makes the
 * evaluation.
 */
const passOn: ReadonlySet<string> = new Set(['if', '?:', 'fractional', '$ref']);

function constant(value: unknown, { iterating }: Scope): Rule {
  const long = (typeof value === 'string' || Array.isArray(value)) && value.length > shortValue;
  return iterating && long ? () => countValue(value) : () => value;
}

/** A value up to this length costs no extra work beyond the part of the rule that holds it. */
const shortValue = 64;

function compileArray(list: readonly unknown[], scope: Scope): Rule {
  const deeper = operatorScope(scope, undefined);
  const rules = list.map((logic, index) => compileOperand(logic, deeper, index));
  return (data, now) => rules.map((rule) => rule(data, now));
}

/**
 * `$ref` stands for the rule of an evaluator (flagd, "shared evaluators"); an evaluator can't refer
 * to another one.
 */
function compileReference(name: unknown, scope: Scope): Rule {
  const inner = operatorScope(scope, '$ref');
  const { evaluators } = scope.owner;
  if (scope.referenced)
    throw new RuleSyntaxError(pathOf(inner), 'an evaluator refers to another one', 'write its rule out');
  if (typeof name === 'string' && Object.hasOwn(evaluators, name))
    return compileRule(evaluators[name], evaluatorScope(scope, name));
  const known = Object.keys(evaluators).map((key) => `"${key}"`);
  throw new RuleSyntaxError(
    pathOf(inner),
    `there is no evaluator ${show(name)}`,
    known.length > 0 ? `use one of ${known.join(', ')}` : 'add it to $evaluators',
  );
}
