import { isDeepStrictEqual } from 'node:util';
import { joinPath } from '@graylane/flags';
import type { PartChange } from './document.ts';
import { jsonPath } from './parts.ts';

/** One value that differs: without `before` it was added, without `after` it was removed. */
export interface Difference {
  /** JSON path, e.g. `$.flags.fees.defaultVariant`. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** The differences within one changed part, as narrow as possible. */
export function diff({ path, ...values }: PartChange): Difference[] {
  return [...differences(jsonPath(path), values)];
}

/**
 * The first differences of a revision, and how many more there are, at least: of many parts, those
 * that are not needed are not compared.
 */
export function firstDifferences(
  changes: readonly PartChange[],
  most: number,
): { readonly differences: readonly Difference[]; readonly more: number } {
  const found: Difference[] = [];
  let parts = 0;
  while (parts < changes.length && found.length <= most) found.push(...diff(changes[parts++] as PartChange));
  return {
    differences: found.slice(0, most),
    more: Math.max(0, found.length - most) + changes.length - parts,
  };
}

function* differences(path: string, values: Omit<Difference, 'path'>): Generator<Difference> {
  const { before, after } = values;
  const [old, now] = [members(before), members(after)];
  if (old === undefined || now === undefined || Array.isArray(before) !== Array.isArray(after)) {
    yield { path, ...values };
    return;
  }
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    if (isDeepStrictEqual(old.get(key), now.get(key))) continue;
    yield* differences(joinPath(path, key), { ...entry('before', old, key), ...entry('after', now, key) });
  }
}

/** The members of an object by name, the items of an array by index. */
function members(value: unknown): ReadonlyMap<string | number, unknown> | undefined {
  if (Array.isArray(value)) return new Map((value as unknown[]).entries());
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined;
}

function entry(
  name: 'before' | 'after',
  map: ReadonlyMap<string | number, unknown>,
  key: string | number,
): object {
  return map.has(key) ? { [name]: map.get(key) } : {};
}
