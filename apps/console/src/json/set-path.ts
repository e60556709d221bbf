import { isRecord } from './values.ts';

/** The segments of a JSON path, e.g. `$.flags["new-fees"].targeting.if[0]`. */
export function segmentsOf(path: string): (string | number)[] {
  return [...path.matchAll(/\.([\w$]+)|\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]/g)].map(([, name, quoted, index]) =>
    index === undefined ? (name ?? (JSON.parse(quoted ?? '""') as string)) : Number(index),
  );
}

/** A copy of a value with another value at a place; undefined removes a member. */
export function withValueAt(
  value: unknown,
  [first, ...rest]: readonly (string | number)[],
  next: unknown,
): unknown {
  if (first === undefined) return next;
  if (typeof first === 'number') {
    return Array.isArray(value) ? value.with(first, withValueAt(value[first], rest, next)) : value;
  }
  const members: Record<string, unknown> = isRecord(value) ? { ...value } : {};
  const below = withValueAt(members[first], rest, next);
  if (below === undefined) delete members[first];
  else members[first] = below;
  return members;
}
