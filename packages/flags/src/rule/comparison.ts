import { compileOperand, operandsOf, type Rule } from './compile-rule.ts';
import type { Scope } from './scope.ts';
import { toPrimitive } from './coercion.ts';
import type { Condition } from './condition.ts';
import type { Operator } from './operators.ts';

/** `==`: JavaScript's loose equality, of JSON values. */
export function equal(operand: unknown, scope: Scope): Condition {
  const [first, second] = operandsOf(operand);
  if (typeof second === 'string') return equalsText(compileOperand(first, scope, 0), second);
  if (typeof first === 'string') return equalsText(compileOperand(second, scope, 1), first);
  const [one, other] = compilePair(operand, scope);
  return (data, now) => looselyEqual(one(data, now), other(data, now));
}

/** `===`: no coercion. */
export function identical(operand: unknown, scope: Scope): Condition {
  const [one, other] = compilePair(operand, scope);
  return (data, now) => one(data, now) === other(data, now);
}

/** `!=` and `!==`: where the other one is false. */
export function differs(comparison: (operand: unknown, scope: Scope) => Condition): Operator {
  return (operand, scope) => {
    const condition = comparison(operand, scope);
    return (data, now) => !condition(data, now);
  };
}

/** `<`, `<=`, `>`, `>=`: texts by code unit, everything else as numbers; with three operands, whether the middle one lies between. */
export function ordered(inOrder: (one: number, other: number) => boolean): Operator {
  return (operand, scope) => {
    const list = operandsOf(operand);
    const [first, second] = compilePair(operand, scope);
    if (list.length < 3) return (data, now) => compare(first(data, now), second(data, now));
    const third = compileOperand(list[2], scope, 2);
    return (data, now) => {
      const middle = second(data, now);
      return compare(first(data, now), middle) && compare(middle, third(data, now));
    };

    // JavaScript compares two texts as texts, and converts everything else to numbers: just what JsonLogic wants.
    function compare(one: unknown, other: unknown): boolean {
      return inOrder(toPrimitive(one) as number, toPrimitive(other) as number);
    }
  };
}

/** Most rules compare with a text, and most values are texts: no coercion is needed then. */
function equalsText(rule: Rule, text: string): Condition {
  return (data, now) => {
    const value = rule(data, now);
    return typeof value === 'string' ? value === text : looselyEqual(value, text);
  };
}

/** JsonLogic's `==`, which is JavaScript's. */
export function looselyEqual(one: unknown, other: unknown): boolean {
  const both = typeof one === 'object' && typeof other === 'object';
  // oxlint-disable-next-line eqeqeq -- it is meant
  return both ? one == other : toPrimitive(one) == toPrimitive(other);
}

function compilePair(operand: unknown, scope: Scope): [Rule, Rule] {
  const [first, second] = operandsOf(operand);
  return [compileOperand(first, scope, 0), compileOperand(second, scope, 1)];
}
