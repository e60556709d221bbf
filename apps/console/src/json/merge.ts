import { joinPath } from '@graylane/flags';
import { isRecord, sameJson } from './values.ts';

/** Two changes of the same value, put together. */
export interface Merged {
  readonly value: unknown;
  /** The JSON paths that both changed differently; there the value has mine. */
  readonly clashes: readonly string[];
}

/** Merges two changes of a value that both began at `base`, member by member. */
export function mergeChanges(base: unknown, theirs: unknown, mine: unknown, path = '$'): Merged {
  if (sameJson(theirs, mine) || sameJson(base, theirs)) return { value: mine, clashes: [] };
  if (sameJson(base, mine)) return { value: theirs, clashes: [] };
  if (!isRecord(theirs) || !isRecord(mine)) return { value: mine, clashes: [path] };
  const before = isRecord(base) ? base : {};
  const value: Record<string, unknown> = {};
  const clashes: string[] = [];
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const merged = mergeChanges(before[name], theirs[name], mine[name], joinPath(path, name));
    if (merged.value !== undefined) value[name] = merged.value;
    clashes.push(...merged.clashes);
  }
  return { value, clashes };
}
