import { operands } from '../check-operands.ts';
import { compileOperand } from '../compile.ts';
import { isConstant, operandsOf } from '../logic.ts';
import { setOf, worthASet } from '../list-set.ts';
import { plainVariable } from '../path.ts';
import type { Condition, Operator, Rule } from '../rule.ts';
import { countParts, type Scope } from '../scope.ts';
import { partsOfValue } from '../../limits.ts';
import { countWork, longText } from '../../work-limit.ts';

/** `in`: whether an array has an element, or a string a part. */
export const membership: Operator = { compile: compileMembership, check: operands(2) };

function compileMembership(operand: unknown, scope: Scope): Condition {
  const [wanted, place] = operandsOf(operand);
  if (Array.isArray(place) && isConstant(place)) {
    countParts(scope, place.length * partsOfValue);
    const key = plainVariable(wanted, scope);
    if (key === undefined || place.includes(null)) return among(compileOperand(wanted, scope, 0), place);
    return place.length < worthASet ? isOneOf(key, place) : isIn(key, setOf(place));
  }
  const item = compileOperand(wanted, scope, 0);
  const container = compileOperand(place, scope, 1);
  return (data, now) => contains(container(data, now), item(data, now));
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
  const set = setOf(list);
  return (data, now) => set.has(item(data, now));
}

function contains(container: unknown, item: unknown): boolean {
  if (Array.isArray(container)) {
    countWork(container.length / 2);
    return container.includes(item);
  }
  // As in JsonLogic, an empty string contains nothing; and no string contains an absent item,
  // for which JavaScript would look for "null".
  return (
    typeof container === 'string' &&
    container !== '' &&
    (typeof item === 'string' || typeof item === 'number') &&
    search(container, String(item))
  );
}

/**
 * V8 mostly searches in linear time, but strings that repeat themselves take the product of both
 * lengths.
 */
function search(text: string, part: string): boolean {
  if (text.length > longText) countWork((text.length * part.length) / (part.length <= 16 ? 8 : 64));
  return text.includes(part);
}
