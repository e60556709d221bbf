import { operands } from '../check-operands.ts';
import { inOrder, looselyEqual, type Order } from '../coercion.ts';
import { compileOperand } from '../compile.ts';
import { operandsOf } from '../logic.ts';
import type { Condition, Operator, Rule } from '../rule.ts';
import type { Scope } from '../scope.ts';
import { countComparison } from '../../work-limit.ts';

/** `==`: JavaScript's loose equality, of JSON values. */
export const equal: Operator = equality(compileEqual, (condition) => condition);

/** `!=`: where `==` is false. */
export const different: Operator = equality(compileEqual, negated);

/** `===`: no coercion. */
export const identical: Operator = equality(compileIdentical, (condition) => condition);

/** `!==`: where `===` is false. */
export const distinct: Operator = equality(compileIdentical, negated);

/**
 * `<`, `<=`, `>`, `>=`: strings by code unit, all else as numbers; with three operands, whether the
 * middle one lies between.
 */
export function ordered(order: Order, most: 2 | 3): Operator {
  const compare = (one: unknown, other: unknown): boolean => inOrder(order, one, other);
  return {
    compile: (operand, scope) => {
      const list = operandsOf(operand);
      const [first, second] = compilePair(operand, scope);
      if (list.length < 3) return (data, now) => compare(first(data, now), second(data, now));
      const third = compileOperand(list[2], scope, 2);
      return (data, now) => {
        const middle = second(data, now);
        return compare(first(data, now), middle) && compare(middle, third(data, now));
      };
    },
    check: operands(2, most),
  };
}

function equality(
  compile: (operand: unknown, scope: Scope) => Condition,
  verdict: (condition: Condition) => Condition,
): Operator {
  return { compile: (operand, scope) => verdict(compile(operand, scope)), check: operands(2) };
}

function negated(condition: Condition): Condition {
  return (data, now) => !condition(data, now);
}

function compileEqual(operand: unknown, scope: Scope): Condition {
  const [first, second] = operandsOf(operand);
  if (typeof second === 'string') return equalsText(compileOperand(first, scope, 0), second);
  if (typeof first === 'string') return equalsText(compileOperand(second, scope, 1), first);
  const [one, other] = compilePair(operand, scope);
  return (data, now) => looselyEqual(one(data, now), other(data, now));
}

function compileIdentical(operand: unknown, scope: Scope): Condition {
  const [one, other] = compilePair(operand, scope);
  return (data, now) => {
    const [first, second] = [one(data, now), other(data, now)];
    countComparison(first, second);
    return first === second;
  };
}

/** Most rules compare with a string, and most values are strings: then no coercion is needed. */
function equalsText(rule: Rule, text: string): Condition {
  return (data, now) => {
    const value = rule(data, now);
    return typeof value === 'string' ? value === text : looselyEqual(value, text);
  };
}

function compilePair(operand: unknown, scope: Scope): [Rule, Rule] {
  const [first, second] = operandsOf(operand);
  return [compileOperand(first, scope, 0), compileOperand(second, scope, 1)];
}
