import { anyNumber, oneOperand, operands } from '../check-operands.ts';
import { compileOperand, compileRule } from '../compile.ts';
import { truthy } from '../logic.ts';
import { compileCondition } from '../optimize/condition.ts';
import type { Condition, Operator, Rule } from '../rule.ts';
import type { Scope } from '../scope.ts';

/** `or`: the first operand that is true, else the last; null without operands. */
export const or: Operator = {
  compile: (operand, scope) => firstOf(truthy, operand, scope),
  check: operands(1, anyNumber),
};

/** `and`: the first operand that is false, else the last; null without operands. */
export const and: Operator = {
  compile: (operand, scope) => firstOf((value) => !truthy(value), operand, scope),
  check: operands(1, anyNumber),
};

/** `!`: whether the operand is false. */
export const not: Operator = {
  compile: (operand, scope) => {
    const condition = onlyOperand(operand, scope);
    return (data, now) => !condition(data, now);
  },
  check: oneOperand,
};

/** `!!`: whether the operand is true. */
export const truth: Operator = {
  compile: (operand, scope) => {
    const condition = onlyOperand(operand, scope);
    return (data, now) => condition(data, now) === true;
  },
  check: oneOperand,
};

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
