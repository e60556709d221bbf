import { maxLength } from '../limits.ts';
import { compileOperand, compileOperands, isConstant, operandsOf, type Rule } from './compile-rule.ts';
import type { Scope } from './scope.ts';
import { plainVariable } from './variable.ts';
import type { Condition } from './condition.ts';
import { RuleError } from './rule-error.ts';

/** From how many elements on a set answers faster than a walk. */
const worthASet = 8;

/** `in`: whether a list has an element, or a text a part. */
export function membership(operand: unknown, scope: Scope): Condition {
  const [wanted, place] = operandsOf(operand);
  if (Array.isArray(place) && isConstant(place)) {
    const key = plainVariable(wanted, scope);
    if (key === undefined || place.includes(null)) return among(compileOperand(wanted, scope, 0), place);
    return place.length < worthASet ? isOneOf(key, place) : isIn(key, new Set(place));
  }
  const item = compileOperand(wanted, scope, 0);
  const container = compileOperand(place, scope, 1);
  return (data, now) => contains(container(data, now), item(data, now));
}

/** `merge`: one list of all operands, lists among them opened one level. */
export function merge(operand: unknown, scope: Scope): Rule {
  const operands = compileOperands(operand, scope);
  return (data, now) => {
    const values = Array.isArray(operands)
      ? operands.map((rule) => rule(data, now))
      : (operands(data, now) as unknown[]);
    let length = 0;
    for (const value of values) length += Array.isArray(value) ? value.length : 1;
    if (length > maxLength) throw new RuleError(`the rule makes a list of more than ${maxLength} elements`);
    return values.flat(1);
  };
}

function isOneOf(key: string, list: readonly unknown[]): Condition {
  return (data) => {
    const wanted = (data as Readonly<Record<string, unknown>>)[key];
    for (const element of list) if (element === wanted) return true;
    return false;
  };
}

function isIn(key: string, set: ReadonlySet<unknown>): Condition {
  return (data) => set.has((data as Readonly<Record<string, unknown>>)[key]);
}

function among(item: Rule, list: readonly unknown[]): Condition {
  const set = new Set(list);
  return (data, now) => set.has(item(data, now));
}

function contains(container: unknown, item: unknown): boolean {
  if (Array.isArray(container)) return container.includes(item);
  // A missing item is in no text, though JavaScript would look for "null"; and in an empty text is nothing, as JsonLogic has it.
  return (
    typeof container === 'string' &&
    container !== '' &&
    (typeof item === 'string' || typeof item === 'number') &&
    container.includes(String(item))
  );
}
