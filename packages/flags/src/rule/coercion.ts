import { RuleError } from '../errors.ts';
import { maxDepth, maxLength } from '../limits.ts';

/** JavaScript's text of a value, and an empty one of null. A list that holds itself twice over is not written out to the end. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (!Array.isArray(value)) return String(value);
  const parts: string[] = [];
  append(parts, value, 0, maxDepth);
  return parts.join('');
}

/** What JavaScript compares in place of a list: its text. */
export function toPrimitive(value: unknown): unknown {
  return Array.isArray(value) ? toText(value) : value;
}

/** JavaScript's number of a primitive; a list or an object is none. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'object' && value !== null ? Number.NaN : Number(value);
}

/** JsonLogic's `==`, which is JavaScript's. */
export function looselyEqual(one: unknown, other: unknown): boolean {
  const both = typeof one === 'object' && typeof other === 'object';
  // oxlint-disable-next-line eqeqeq -- it is meant
  return both ? one == other : toPrimitive(one) == toPrimitive(other);
}

/** Appends the elements with commas between them, and answers how long the text is then. */
function append(parts: string[], list: readonly unknown[], before: number, depth: number): number {
  if (depth === 0) throw new RuleError(`a list is nested deeper than ${maxDepth} levels`);
  let length = before;
  for (const [index, item] of list.entries()) {
    if (index > 0) length += parts.push(',') > 0 ? 1 : 0;
    if (Array.isArray(item)) length = append(parts, item, length, depth - 1);
    else {
      const text = toText(item);
      parts.push(text);
      length += text.length;
    }
    if (length > maxLength) throw new RuleError(`the rule makes a text of more than ${maxLength} characters`);
  }
  return length;
}
