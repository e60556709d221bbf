import { isObject } from '../../is-object.ts';

/** A copy of a rule in which each `$ref` to one of these segments has the segment's new name. */
export function renameSegments(rule: unknown, names: ReadonlyMap<string, string>): unknown {
  if (names.size === 0) return rule;
  if (Array.isArray(rule)) return rule.map((item) => renameSegments(item, names));
  if (!isObject(rule)) return rule;
  return Object.fromEntries(
    Object.entries(rule).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string'
        ? (names.get(value) ?? value)
        : renameSegments(value, names),
    ]),
  );
}
