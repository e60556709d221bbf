import { maxDepth, maxParts } from '../limits.ts';

/** Whether a value is a JSON object (an array is not). */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Sets an own property under any name: an assignment to `__proto__` would change the prototype
 * instead.
 */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Whether two JSON values are equal by content. Values beyond the bounds count as different. */
export function sameJson(one: unknown, other: unknown): boolean {
  return one === other || sameParts(one, other, maxDepth, { left: maxParts });
}

/**
 * A document that is given as an object can hold one part many times over, as aliases of YAML do,
 * so every function that walks through it counts.
 */
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
