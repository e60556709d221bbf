import { compileOperands, type Rule } from './compile-rule.ts';
import type { Scope } from './scope.ts';
import type { Operator } from './operators.ts';

type Binary = (one: number, other: number) => number;

/** An operator over any number of operands, from left to right. What is no number makes the result NaN, which no comparison finds true. */
export function arithmetic(combine: Binary, initial?: number): Operator {
  return (operand, scope) => {
    const rules = compileOperands(operand, scope);
    if (!Array.isArray(rules)) return (data, now) => total(rules(data, now) as readonly unknown[]);
    const [first, second] = rules;
    if (rules.length === 2 && first && second) {
      return (data, now) => combine(toNumber(first(data, now)), toNumber(second(data, now)));
    }
    return (data, now) => total(rules.map((rule) => rule(data, now)));
  };

  function total(values: readonly unknown[]): number | null {
    const numbers = values.map(toNumber);
    if (initial !== undefined) return numbers.reduce(combine, initial);
    return numbers.length < 2 ? null : numbers.reduce(combine);
  }
}

/** `-`: the difference, or with one operand the negative. */
export function minus(operand: unknown, scope: Scope): Rule {
  const difference = arithmetic((one, other) => one - other)(operand, scope);
  const rules = compileOperands(operand, scope);
  if (Array.isArray(rules) && rules.length > 1) return difference;
  return (data, now) => {
    const values = Array.isArray(rules)
      ? rules.map((rule) => rule(data, now))
      : (rules(data, now) as readonly unknown[]);
    return values.length === 1 ? -toNumber(values[0]) : difference(data, now);
  };
}

/** `max` and `min`; null without operands. */
export function extreme(beyond: (one: number, other: number) => boolean): Operator {
  return (operand, scope) => {
    const rules = compileOperands(operand, scope);
    return (data, now) => {
      const values = Array.isArray(rules)
        ? rules.map((rule) => rule(data, now))
        : (rules(data, now) as readonly unknown[]);
      if (values.length === 0) return null;
      return values
        .map(toNumber)
        .reduce((best, next) => (beyond(next, best) || Number.isNaN(next) ? next : best));
    };
  };
}

/** JavaScript's number of a primitive; a list or an object is none. */
function toNumber(value: unknown): number {
  return typeof value === 'number'
    ? value
    : typeof value === 'object' && value !== null
      ? Number.NaN
      : Number(value);
}
