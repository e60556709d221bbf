import { isObject } from '../json.ts';
import { show } from '../problem.ts';
import { operators } from './operators.ts';
import { RuleSyntaxError } from './rule-error.ts';
import { evaluatorScope, operandScope, operatorScope, pathOf, valueScope, type Scope } from './scope.ts';
import { countValue } from './work.ts';

/** A compiled rule: `data` is the evaluation context, or the element an iterating operator is at; `now` is the clock in milliseconds. */
export type Rule = (data: unknown, now: number | undefined) => unknown;

/** Compiles a JsonLogic rule with flagd's operators into closures; no code is generated. Throws a `RuleSyntaxError`. */
export function compileRule(logic: unknown, scope: Scope): Rule {
  if (isConstant(logic)) return constant(resultOf(logic, scope), scope);
  const operator = operatorOf(logic);
  if (scope.answering && (operator === undefined || !passOn.has(operator))) {
    return answered(compileRule(logic, valueScope(scope)), scope);
  }
  if (operator === undefined) return compileList(logic as readonly unknown[], scope);
  const operand = operandOf(logic);
  if (operator === '$ref') return compileReference(operand, scope);
  const inner = operatorScope(scope, operator);
  const compile = operators.get(operator);
  if (compile) return compile(operand, inner);
  throw new RuleSyntaxError(
    pathOf(inner),
    `there is no operator "${operator}"`,
    `use one of ${[...operators.keys()].join(' ')}`,
  );
}

/** Compiles an operand in the scope of its operator; `index` is its place among the operands. */
export function compileOperand(logic: unknown, scope: Scope, index: number): Rule {
  return isConstant(logic)
    ? constant(resultOf(logic, scope), scope)
    : compileRule(logic, operandScope(scope, index));
}

/** Compiles an operator's operands. Written without a list, the operand stands for itself, or is a rule that makes the list. */
export function compileOperands(operand: unknown, scope: Scope): Rule[] | Rule {
  if (Array.isArray(operand)) return operand.map((logic, index) => compileOperand(logic, scope, index));
  const rule = compileRule(operand, scope);
  return (data, now) => {
    const result = rule(data, now);
    return Array.isArray(result) ? result : [result];
  };
}

/** Whether a rule is a plain value: JsonLogic takes an object with exactly one key for an operation, and nothing else. */
export function isConstant(logic: unknown): boolean {
  if (typeof logic !== 'object' || logic === null) return true;
  if (Array.isArray(logic)) return logic.every((item) => typeof item !== 'object' || item === null);
  return operatorOf(logic) === undefined;
}

/** The operator of a rule that is an operation. */
export function operatorOf(logic: unknown): string | undefined {
  if (!isObject(logic)) return undefined;
  const keys = Object.keys(logic);
  return keys.length === 1 ? keys[0] : undefined;
}

/** What stands under the operator of a rule that is an operation. */
export function operandOf(logic: unknown): unknown {
  const operator = operatorOf(logic);
  return operator === undefined ? undefined : (logic as Readonly<Record<string, unknown>>)[operator];
}

/** The operands as they are written; one without a list is the first of them. */
export function operandsOf(operand: unknown): readonly unknown[] {
  return Array.isArray(operand) ? operand : [operand];
}

/** What comes of a plain value: itself, or the answer of the flag that it means. */
export function resultOf(value: unknown, { answering, owner }: Scope): unknown {
  return answering ? owner.answer(value) : value;
}

/** A rule whose result becomes the answer of the flag where the scope wants one. */
export function answered(rule: Rule, { answering, owner }: Scope): Rule {
  return answering ? (data, now) => owner.answer(rule(data, now)) : rule;
}

/** Operators whose result is that of one of their operands, so that this one makes the answer. */
const passOn: ReadonlySet<string> = new Set(['if', '?:', 'fractional', '$ref']);

function constant(value: unknown, { iterating }: Scope): Rule {
  const long = (typeof value === 'string' || Array.isArray(value)) && value.length > shortValue;
  return iterating && long ? () => countValue(value) : () => value;
}

/** A value of this length is no more work than the part of the rule that it is. */
const shortValue = 64;

function compileList(list: readonly unknown[], scope: Scope): Rule {
  const deeper = operatorScope(scope, undefined);
  const rules = list.map((logic, index) => compileOperand(logic, deeper, index));
  return (data, now) => rules.map((rule) => rule(data, now));
}

/** `$ref` stands for the text of an evaluator (flagd, "shared evaluators"); one evaluator can't refer to another. */
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
