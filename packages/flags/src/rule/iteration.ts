import { compileOperand, type Rule } from './compile-rule.ts';
import { truthy } from './condition.ts';
import { elementScope, type Scope } from './scope.ts';
import { countLoop } from './work.ts';

/** `map`: what the rule makes of each element; of what is no list, an empty list. */
export function map(operand: unknown, scope: Scope): Rule {
  return iterate(operand, scope, (list, each) => list.map(each));
}

/** `filter`: the elements that the rule finds true. */
export function filter(operand: unknown, scope: Scope): Rule {
  return iterate(operand, scope, (list, each) => list.filter((element) => truthy(each(element))));
}

/** `all`: whether the rule finds every element true; false of an empty list. */
export function all(operand: unknown, scope: Scope): Rule {
  return iterate(
    operand,
    scope,
    (list, each) => list.length > 0 && list.every((element) => truthy(each(element))),
  );
}

/** `some`: whether the rule finds an element true. */
export function some(operand: unknown, scope: Scope): Rule {
  return iterate(operand, scope, (list, each) => list.some((element) => truthy(each(element))));
}

/** `none`: whether the rule finds no element true. */
export function none(operand: unknown, scope: Scope): Rule {
  return iterate(operand, scope, (list, each) => !list.some((element) => truthy(each(element))));
}

/** `reduce`: the rule sees `current` and `accumulator`; the third operand is the first accumulator. */
export function reduce(operand: unknown, scope: Scope): Rule {
  const initial = compileOperand(Array.isArray(operand) ? (operand[2] ?? null) : null, scope, 2);
  const { elements, body } = compileLoop(operand, scope);
  return (data, now) => {
    let accumulator = initial(data, now);
    for (const current of elements(data, now)) accumulator = body({ current, accumulator }, now);
    return accumulator;
  };
}

function iterate(
  operand: unknown,
  scope: Scope,
  collect: (list: readonly unknown[], each: (element: unknown) => unknown) => unknown,
): Rule {
  const { elements, body } = compileLoop(operand, scope);
  return (data, now) => collect(elements(data, now), (element) => body(element, now));
}

interface Loop {
  /** What there is to loop over, counted. */
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
  owner.iterates = true;
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
