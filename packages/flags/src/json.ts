import { FlagsError } from './flags-error.ts';
import { findSyntaxError } from './json-syntax.ts';
import { maxDepth, maxParts } from './limits.ts';

/** `JSON.parse` with an error that says where: line, column, and what stands there. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new FlagsError('invalid_json', describe(text), { cause: error });
  }
}

/** Whether a value is a JSON object (and not a list). */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a property whatever its name is: an assignment to `__proto__` would set none. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Whether two JSON values are the same by content. What is too deep or too large to tell is not. */
export function sameJson(one: unknown, other: unknown): boolean {
  return one === other || sameParts(one, other, maxDepth, { left: maxParts });
}

/** Whether a property of this name stands anywhere in a value; also true where the value is too deep or too large to tell. */
export function mentions(value: unknown, key: string): boolean {
  return mentionsWithin(value, key, maxDepth, { left: maxParts });
}

/** A document that is given as an object can hold one part many times over, as aliases of YAML do: what walks through it counts. */
interface Budget {
  left: number;
}

function sameParts(one: unknown, other: unknown, depth: number, budget: Budget): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  budget.left -= 1;
  if (depth === 0 || budget.left < 0 || Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(other, key)) return false;
    const [mine, yours] = [one[key as keyof typeof one], other[key as keyof typeof other]];
    if (!sameParts(mine, yours, depth - 1, budget)) return false;
  }
  return true;
}

function mentionsWithin(value: unknown, key: string, depth: number, budget: Budget): boolean {
  if (typeof value !== 'object' || value === null) return false;
  budget.left -= 1;
  if (depth === 0 || budget.left < 0 || Object.hasOwn(value, key)) return true;
  return Object.values(value).some((item) => mentionsWithin(item, key, depth - 1, budget));
}

function describe(text: string): string {
  const position = findSyntaxError(text);
  const before = text.slice(0, position).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  const found =
    position < text.length ? JSON.stringify(text.slice(position, position + 20)) : 'end of the text';
  return `the document is not JSON: unexpected ${found} at line ${before.length}, column ${column}`;
}
