import { compileOperand, compileRule, type Rule } from './compile-rule.ts';
import type { Scope } from './scope.ts';
import { compileCondition, truthy, type Condition } from './condition.ts';

/** `or`: the first operand that is true, else the last; null without operands. */
export function or(operand: unknown, scope: Scope): Rule {
  return firstOf(truthy, operand, scope);
}

/** `and`: the first operand that is false, else the last; null without operands. */
export function and(operand: unknown, scope: Scope): Rule {
  return firstOf((value) => !truthy(value), operand, scope);
}

/** `!`: whether the operand is false. */
export function not(operand: unknown, scope: Scope): Rule {
  const condition = onlyOperand(operand, scope);
  return (data, now) => !condition(data, now);
}

/** `!!`: whether the operand is true. */
export function truth(operand: unknown, scope: Scope): Rule {
  const condition = onlyOperand(operand, scope);
  return (data, now) => condition(data, now) === true;
}

function firstOf(decides: (value: unknown) => boolean, operand: unknown, scope: Scope): Rule {
  if (!Array.isArray(operand)) return compileRule(operand, scope);
  const rules = operand.map((logic, index) => compileOperand(logic, scope, index));
  return (data, now) => {
    let value: unknown = null;
    for (const rule of rules) {
      value = rule(data, now);
      if (decides(value)) break;
    }
    return value;
  };
}

function onlyOperand(operand: unknown, scope: Scope): Condition {
  return compileCondition(Array.isArray(operand) ? (operand[0] ?? null) : operand, scope, 0);
}
