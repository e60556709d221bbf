import { maxIterations } from '../limits.ts';
import { compileOperand, type Rule } from './compile-rule.ts';
import { elementScope, type Scope } from './scope.ts';
import { truthy } from './condition.ts';
import { RuleError } from './rule-error.ts';

// One evaluation at a time, so the count needs no object: `startIterations` begins it anew.
let steps = 0;

/** To be called when an evaluation starts: its iterating operators may take `maxIterations` steps together. */
export function startIterations(): void {
  steps = 0;
}

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
  const { list, body } = parts(operand, scope);
  return (data, now) => {
    let accumulator = initial(data, now);
    for (const current of elements(list(data, now))) accumulator = body({ current, accumulator }, now);
    return accumulator;
  };
}

function iterate(
  operand: unknown,
  scope: Scope,
  collect: (list: readonly unknown[], each: (element: unknown) => unknown) => unknown,
): Rule {
  const { list, body } = parts(operand, scope);
  return (data, now) => collect(elements(list(data, now)), (element) => body(element, now));
}

function parts(operand: unknown, scope: Scope): { list: Rule; body: Rule } {
  scope.owner.iterates = true;
  const [listed = null, logic = null] = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  return {
    list: compileOperand(listed, scope, 0),
    body: compileOperand(logic, elementScope(scope), 1),
  };
}

function elements(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) return [];
  steps += value.length;
  if (steps > maxIterations)
    throw new RuleError(`the rule takes more than ${maxIterations} steps over lists`);
  return value;
}
