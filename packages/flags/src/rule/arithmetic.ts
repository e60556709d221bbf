import { compileOperands, type Rule } from './compile-rule.ts';
import type { Scope } from './scope.ts';
import { toNumber } from './coercion.ts';
import type { Operator } from './operators.ts';

type Binary = (one: number, other: number) => number;

/** An operator over any number of operands, from left to right. What is no number makes the result NaN, which no comparison finds true. */
export function arithmetic(combine: Binary, initial?: number): Operator {
  return overNumbers((numbers) => {
    if (initial !== undefined) return numbers.reduce(combine, initial);
    return numbers.length < 2 ? null : numbers.reduce(combine);
  }, combine);
}

/** `-`: the difference, or with one operand the negative. */
export function minus(operand: unknown, scope: Scope): Rule {
  const subtract: Binary = (one, other) => one - other;
  return overNumbers((numbers) => {
    const [first = 0] = numbers;
    return numbers.length === 1 ? -first : numbers.length === 0 ? null : numbers.reduce(subtract);
  }, subtract)(operand, scope);
}

/** `max` and `min`; null without operands. */
export function extreme(beyond: (one: number, other: number) => boolean): Operator {
  const further: Binary = (best, next) => (beyond(next, best) || Number.isNaN(next) ? next : best);
  return overNumbers((numbers) => (numbers.length === 0 ? null : numbers.reduce(further)), further);
}

/** Two operands, as most have, need no list. */
function overNumbers(all: (numbers: readonly number[]) => number | null, two: Binary): Operator {
  return (operand, scope) => {
    const rules = compileOperands(operand, scope);
    if (!Array.isArray(rules)) return (data, now) => all((rules(data, now) as unknown[]).map(toNumber));
    const [first, second] = rules;
    if (rules.length === 2 && first && second) {
      return (data, now) => two(toNumber(first(data, now)), toNumber(second(data, now)));
    }
    return (data, now) => all(rules.map((rule) => toNumber(rule(data, now))));
  };
}
