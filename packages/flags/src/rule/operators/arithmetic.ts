import { anyNumber, operands } from '../check-operands.ts';
import { toNumber } from '../coercion.ts';
import { compileOperands } from '../compile.ts';
import type { CheckOperand, Compile, Operator } from '../rule.ts';
import { countWork } from '../../work-limit.ts';

type Binary = (one: number, other: number) => number;

/**
 * `+` and `*`: any number of operands, from left to right. An operand that is not a number makes
 * the result NaN.
 */
export function repeated(combine: Binary, initial: number, check: CheckOperand): Operator {
  return { compile: overNumbers((numbers) => numbers.reduce(combine, initial), combine), check };
}

/** `/` and `%`: null with fewer than two operands. */
export function binary(combine: Binary): Operator {
  const all = (numbers: readonly number[]): number | null =>
    numbers.length < 2 ? null : numbers.reduce(combine);
  return { compile: overNumbers(all, combine), check: operands(2) };
}

const subtract: Binary = (one, other) => one - other;

/** `-`: the difference, or with one operand the negative. */
export const minus: Operator = {
  compile: overNumbers((numbers) => {
    const [first = 0] = numbers;
    return numbers.length === 1 ? -first : numbers.length === 0 ? null : numbers.reduce(subtract);
  }, subtract),
  check: operands(1, anyNumber),
};

/** `max` and `min`; null without operands. */
export function extreme(beyond: (one: number, other: number) => boolean): Operator {
  const further: Binary = (best, next) => (beyond(next, best) || Number.isNaN(next) ? next : best);
  const all = (numbers: readonly number[]): number | null =>
    numbers.length === 0 ? null : numbers.reduce(further);
  return { compile: overNumbers(all, further), check: operands(1, anyNumber) };
}

function numbersOf(values: readonly unknown[]): number[] {
  countWork(4 * values.length);
  return values.map(toNumber);
}

/** Two operands are the usual case, and need no array. */
function overNumbers(all: (numbers: readonly number[]) => number | null, two: Binary): Compile {
  return (operand, scope) => {
    const rules = compileOperands(operand, scope);
    if (!Array.isArray(rules)) return (data, now) => all(numbersOf(rules(data, now) as unknown[]));
    const [first, second] = rules;
    if (rules.length === 2 && first && second) {
      return (data, now) => two(toNumber(first(data, now)), toNumber(second(data, now)));
    }
    return (data, now) => all(rules.map((rule) => toNumber(rule(data, now))));
  };
}
