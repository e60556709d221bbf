import { joinPath } from '@graylane/flags';
import type { TimeSlices } from '../time-slices.ts';
import type { Content } from './document.ts';

/** The JSON paths at which flags refer to a segment. */
export async function segmentUsers(
  { flags }: Pick<Content, 'flags'>,
  name: string,
  slices: TimeSlices,
): Promise<string[]> {
  const found: string[] = [];
  for (const key of flags.keys()) {
    found.push(...references(flags.get(key)?.definition, name, joinPath('$.flags', key)));
    if (slices.over) await slices.next();
  }
  return found;
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
