import { joinPath } from '@graylane/flags';
import type { FlagDocument } from '../store/flag-store.ts';

/** Where flags refer to a segment, as JSON paths of the references. */
export function segmentUsers({ flags }: FlagDocument, name: string): string[] {
  return Object.entries(flags).flatMap(([key, flag]) => references(flag, name, joinPath('$.flags', key)));
}

function references(value: unknown, name: string, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Array.isArray(value)
    ? (value as unknown[]).map((item, index) => [index, item] as const)
    : Object.entries(value);
  return inside.flatMap(([key, item]) => {
    const at = joinPath(path, key);
    return key === '$ref' && item === name ? [at] : references(item, name, at);
  });
}
