import { isDeepStrictEqual } from 'node:util';
import { joinPath } from '@graylane/flags';
import { isObject } from '../is-object.ts';
import { ownMember } from './parts.ts';

/** The merged value, or the JSON paths at which both sides changed the same. */
export type Merge = { readonly value: unknown } | { readonly conflicts: readonly string[] };

/**
 * Applies the change that leads from one value to another to a third one, object by object.
 * Undefined is a missing value.
 */
export function mergeThreeWay(from: unknown, to: unknown, onto: unknown, path: string): Merge {
  if (isDeepStrictEqual(onto, from)) return { value: to };
  if (isDeepStrictEqual(onto, to) || isDeepStrictEqual(from, to)) return { value: onto };
  if (!isObject(from) || !isObject(to) || !isObject(onto)) return { conflicts: [path] };
  const conflicts: string[] = [];
  const value = new Map(Object.entries(onto));
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const inner = mergeThreeWay(
      ownMember(from, key),
      ownMember(to, key),
      ownMember(onto, key),
      joinPath(path, key),
    );
    if ('conflicts' in inner) conflicts.push(...inner.conflicts);
    else if (inner.value === undefined) value.delete(key);
    else value.set(key, inner.value);
  }
  return conflicts.length > 0 ? { conflicts } : { value: Object.fromEntries(value) };
}
