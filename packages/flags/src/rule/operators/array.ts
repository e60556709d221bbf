import { RuleError } from '../../errors.ts';
import { maxLength } from '../../limits.ts';
import { anyNumber, operands } from '../check-operands.ts';
import { compileOperand, compileValues } from '../compile.ts';
import { truthy } from '../logic.ts';
import type { Operator, Rule } from '../rule.ts';
import { elementScope, type Scope } from '../scope.ts';
import { countLoop, countWork } from '../../work-limit.ts';

type Each = (element: unknown) => unknown;

/**
 * `map`: the result of the rule for each element; an empty array for a value that is not an array.
 */
export const map: Operator = iterating((list, each) => list.map(each));

/** `filter`: the elements for which the rule is true. */
export const filter: Operator = iterating((list, each) => list.filter((element) => truthy(each(element))));

/** `all`: whether the rule is true for every element; false of an empty array. */
export const all: Operator = iterating(
  (list, each) => list.length > 0 && list.every((element) => truthy(each(element))),
);

/** `some`: whether the rule is true for an element. */
export const some: Operator = iterating((list, each) => list.some((element) => truthy(each(element))));

/** `none`: whether the rule is true for no element. */
export const none: Operator = iterating((list, each) => !list.some((element) => truthy(each(element))));

/**
 * `reduce`: the rule sees `current` and `accumulator`; the third operand is the first accumulator.
 */
export const reduce: Operator = {
  compile: (operand, scope) => {
    const initial = compileOperand(Array.isArray(operand) ? (operand[2] ?? null) : null, scope, 2);
    const { elements, body } = compileLoop(operand, scope);
    return (data, now) => {
      let accumulator = initial(data, now);
      for (const current of elements(data, now)) accumulator = body({ current, accumulator }, now);
      return accumulator;
    };
  },
  check: operands(3),
};

/** `merge`: one array of all operands; arrays among them are flattened by one level. */
export const merge: Operator = {
  compile: (operand, scope) => {
    const valuesOf = compileValues(operand, scope);
    return (data, now) => {
      const values = valuesOf(data, now);
      let length = 0;
      for (const value of values) length += Array.isArray(value) ? value.length : 1;
      if (length > maxLength)
        throw new RuleError(`the rule makes an array of more than ${maxLength} elements`);
      countWork(2 * (values.length + length));
      return flattened(values);
    };
  },
  check: operands(1, anyNumber),
};

/** A loop: `flat` takes ten times as long. */
function flattened(values: readonly unknown[]): unknown[] {
  const flat: unknown[] = [];
  for (const value of values) {
    if (Array.isArray(value)) for (const item of value as unknown[]) flat.push(item);
    else flat.push(value);
  }
  return flat;
}

function iterating(collect: (list: readonly unknown[], each: Each) => unknown): Operator {
  return {
    compile: (operand, scope) => {
      const { elements, body } = compileLoop(operand, scope);
      return (data, now) => collect(elements(data, now), (element) => body(element, now));
    },
    check: operands(2),
  };
}

interface Loop {
  /** The elements to loop over, counted. */
  readonly elements: (data: unknown, now: number | undefined) => readonly unknown[];
  readonly body: Rule;
}

function compileLoop(operand: unknown, scope: Scope): Loop {
  const { owner } = scope;
  const [listed = null, logic = null] = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  const list = compileOperand(listed, scope, 0);
  const before = owner.parts;
  const body = compileOperand(logic, elementScope(scope), 1);
  const parts = 1 + owner.parts - before;
  return {
    elements: (data, now) => {
      const value = list(data, now);
      if (!Array.isArray(value)) return [];
      countLoop(value.length, parts);
      return value;
    },
    body,
  };
}
