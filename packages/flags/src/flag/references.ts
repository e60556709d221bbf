import { joinPath } from '../json/problem.ts';
import { maxDepth, maxParts } from '../limits.ts';

/** A `$ref` of a rule: the evaluator that it names, and its JSON path. */
export interface Reference {
  readonly name: unknown;
  readonly path: string;
}

/** The references of a rule; undefined if the rule is too deep or too large to find them all. */
export function referencesOf(rule: unknown, path: string): readonly Reference[] | undefined {
  const found: Reference[] = [];
  return collect(found, rule, path, 2 * maxDepth, { left: maxParts }) ? found : undefined;
}

/** The names of these references, in a fraction of the time: no path is made. */
export function namesReferredTo(rule: unknown): readonly unknown[] | undefined {
  const found: unknown[] = [];
  return collectNames(found, rule, 2 * maxDepth, { left: maxParts }) ? found : undefined;
}

function collectNames(found: unknown[], value: unknown, depth: number, budget: { left: number }): boolean {
  if (typeof value !== 'object' || value === null) return true;
  budget.left -= 1;
  if (depth === 0 || budget.left < 0) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!collectNames(found, item, depth - 1, budget)) return false;
    return true;
  }
  for (const key of Object.keys(value)) {
    const item = (value as Readonly<Record<string, unknown>>)[key];
    if (key === '$ref') found.push(item);
    if (!collectNames(found, item, depth - 1, budget)) return false;
  }
  return true;
}

function collect(
  found: Reference[],
  value: unknown,
  path: string,
  depth: number,
  budget: { left: number },
): boolean {
  if (typeof value !== 'object' || value === null) return true;
  budget.left -= 1;
  if (depth === 0 || budget.left < 0) return false;
  if (Array.isArray(value)) {
    return value.every((item, index) => collect(found, item, joinPath(path, index), depth - 1, budget));
  }
  return Object.entries(value).every(([key, item]) => {
    const at = joinPath(path, key);
    if (key === '$ref') found.push({ name: item, path: at });
    return collect(found, item, at, depth - 1, budget);
  });
}
