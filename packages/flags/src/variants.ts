import type { FlagValue } from './evaluation.ts';
import { isObject } from './json.ts';
import { maxDepth } from './limits.ts';

/** The variants of a definition by name. Values are shared by every answer, so objects and lists are frozen copies; null is no value. */
export function readVariants(variants: unknown): ReadonlyMap<string, FlagValue> {
  if (!isObject(variants)) return new Map();
  const known = Object.entries(variants).filter(([, value]) => value !== null && value !== undefined);
  return new Map(known.map(([name, value]) => [name, freeze(value, maxDepth) as FlagValue]));
}

function freeze(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth === 0) return value;
  if (Array.isArray(value)) return Object.freeze(value.map((item) => freeze(item, depth - 1)));
  return Object.freeze(
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, freeze(item, depth - 1)])),
  );
}
