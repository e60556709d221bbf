import { RuleError } from '../errors.ts';
import { maxDepth, maxLength } from '../limits.ts';
import { countComparison, countWork, longText } from '../work-limit.ts';

/** JavaScript's string of a value; an empty one of null. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (!Array.isArray(value)) return String(asOperand(value));
  const parts: string[] = [];
  append(parts, value, 0, maxDepth);
  return parts.join('');
}

/** JavaScript's number of a primitive; NaN of an array or an object. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && value.length > longText) countWork(value.length / 8);
  return typeof value === 'object' && value !== null ? Number.NaN : Number(value);
}

/**
 * JsonLogic's `==`, which is JavaScript's. An array is compared by its string, which is not made.
 */
export function looselyEqual(one: unknown, other: unknown): boolean {
  if (Array.isArray(one)) return arrayEquals(one, other);
  if (Array.isArray(other)) return arrayEquals(other, one);
  if (isObjectLike(one) !== isObjectLike(other)) return primitivesEqual(asOperand(one), asOperand(other));
  return primitivesEqual(one, other);
}

function primitivesEqual(one: unknown, other: unknown): boolean {
  if (typeof one !== typeof other) countConversion(one, other);
  else countComparison(one, other);
  // oxlint-disable-next-line eqeqeq -- JavaScript's coercion is what JsonLogic specifies.
  return one == other;
}

/**
 * A value as JavaScript's operators may have it: the members of a JSON object can be named
 * `toString` and `valueOf`, and must not be called. Dates and other classes keep their methods.
 */
function asOperand(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  return isPlain || Object.hasOwn(value, 'toString') || Object.hasOwn(value, 'valueOf')
    ? '[object Object]'
    : value;
}

/** A comparison of two numbers; JavaScript also takes two strings. */
export type Order = (one: number, other: number) => boolean;

/**
 * JsonLogic's comparisons, which are JavaScript's: two strings by code unit, all else as numbers.
 */
export function inOrder(order: Order, left: unknown, right: unknown): boolean {
  const one = asOperand(left);
  const other = asOperand(right);
  if (!Array.isArray(one) && !Array.isArray(other)) {
    if (typeof one !== typeof other) countConversion(one, other);
    else countComparison(one, other);
    return order(one as number, other as number);
  }
  if (typeof other === 'string') return order(compareWithText(one as unknown[], other), 0);
  if (typeof one === 'string') return order(0, compareWithText(other as unknown[], one));
  const asText = isObjectLike(one) && isObjectLike(other);
  const [first, second] = [one, other].map((value) =>
    Array.isArray(value) ? (asText ? toText(value) : numberOfArray(value)) : value,
  );
  return order(first as number, second as number);
}

function arrayEquals(list: readonly unknown[], other: unknown): boolean {
  if (typeof other === 'string') return compareWithText(list, other) === 0;
  if (typeof other === 'number' || typeof other === 'boolean') return numberOfArray(list) === Number(other);
  return list === other;
}

function isObjectLike(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** A string that is compared with something else is read as a number. */
function countConversion(one: unknown, other: unknown): void {
  if (typeof one === 'string' && one.length > longText) countWork(one.length / 8);
  if (typeof other === 'string' && other.length > longText) countWork(other.length / 8);
}

/**
 * JavaScript's number of an array: that of its string, which is NaN as soon as there is a comma.
 */
function numberOfArray(list: readonly unknown[]): number {
  let only: unknown = list;
  for (let depth = maxDepth; Array.isArray(only); depth -= 1) {
    if (depth === 0) throw tooDeep();
    if (only.length > 1) return Number.NaN;
    only = (only as unknown[])[0] ?? '';
  }
  return toNumber(toText(only));
}

/**
 * Whether JavaScript's string of an array comes before (< 0), equals (0) or comes after (> 0) a
 * string.
 */
function compareWithText(list: readonly unknown[], text: string): number {
  const cursor: Cursor = { text, at: 0, order: 0 };
  passArray(cursor, list, maxDepth);
  return cursor.order === 0 && cursor.at < text.length ? -1 : cursor.order;
}

/**
 * How far the string of an array was compared with `text`, and the order as soon as the two differ.
 */
interface Cursor {
  readonly text: string;
  at: number;
  order: number;
}

/** Goes on until the string of the array ends or differs. */
function passArray(cursor: Cursor, list: readonly unknown[], depth: number): void {
  if (depth === 0) throw tooDeep();
  countWork(8);
  for (let index = 0; index < list.length && cursor.order === 0; index += 1) {
    if (index > 0) pass(cursor, ',');
    const item = list[index];
    if (Array.isArray(item)) passArray(cursor, item, depth - 1);
    else pass(cursor, toText(item));
  }
}

function pass(cursor: Cursor, piece: string): void {
  if (cursor.order !== 0) return;
  const expected = cursor.text.slice(cursor.at, cursor.at + piece.length);
  countWork(4 + expected.length / 16);
  cursor.at += piece.length;
  if (piece !== expected) cursor.order = piece < expected ? -1 : 1;
}

/** Appends the elements with commas between them, and returns the length of the string then. */
function append(parts: string[], list: readonly unknown[], before: number, depth: number): number {
  if (depth === 0) throw tooDeep();
  countWork(20);
  let length = before;
  for (const [index, item] of list.entries()) {
    if (index > 0) length += parts.push(',') > 0 ? 1 : 0;
    if (Array.isArray(item)) length = append(parts, item, length, depth - 1);
    else {
      const text = toText(item);
      parts.push(text);
      length += text.length;
      countWork(8 + text.length / 2);
    }
    if (length > maxLength)
      throw new RuleError(`the rule makes a string of more than ${maxLength} characters`);
  }
  return length;
}

function tooDeep(): RuleError {
  return new RuleError(`an array is nested deeper than ${maxDepth} levels`);
}
