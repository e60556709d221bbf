import { isDeepStrictEqual } from 'node:util';
import { joinPath } from '@graylane/flags';
import { isObject } from '../is-object.ts';
import type { TimeSlices } from '../time-slices.ts';
import type { Content, ParsedDocument, PartChange, PartPath, SharedMembers } from './document.ts';

/**
 * The parts in which a document differs from the one before: changed and added parts first, then
 * removed ones.
 */
export async function differingParts(
  before: Content | undefined,
  after: ParsedDocument,
  slices: TimeSlices,
): Promise<PartChange[]> {
  const changes: PartChange[] = [];
  for (const [key, value] of after.flags) {
    const change = difference(['flags', key], before?.flags.get(key)?.definition, value);
    if (change) changes.push(change);
    if (slices.over) await slices.next();
  }
  const old = sharedParts(before?.shared ?? {});
  const now = sharedParts(after.shared);
  for (const { path, value } of now.values()) {
    const change = difference(path, old.get(jsonPath(path))?.value, value);
    if (change) changes.push(change);
    if (slices.over) await slices.next();
  }
  for (const key of before?.flags.keys() ?? []) {
    if (!after.flags.has(key))
      changes.push({ path: ['flags', key], before: before?.flags.get(key)?.definition });
    if (slices.over) await slices.next();
  }
  for (const [name, { path, value }] of old) if (!now.has(name)) changes.push({ path, before: value });
  return changes;
}

/**
 * The change that leads from one value of a part to another, if they differ. Undefined is a missing
 * part.
 */
export function difference(path: PartPath, before: unknown, after: unknown): PartChange | undefined {
  if (before === after || isDeepStrictEqual(before, after)) return undefined;
  return { path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}

/** A part of a document, undefined if it is missing. */
export function partOf({ flags, shared }: Content, [member, name]: PartPath): unknown {
  if (member === 'flags' && name !== undefined) return flags.get(name)?.definition;
  const value = ownMember(shared, member);
  return name === undefined ? value : ownMember(value, name);
}

/** The shared members after some changes; changes of flags are skipped. */
export function changeShared(shared: SharedMembers, changes: readonly PartChange[]): SharedMembers {
  const ours = changes.filter(({ path: [member] }) => member !== 'flags');
  if (ours.length === 0) return shared;
  const members = new Map<string, unknown>(Object.entries(shared));
  const segments = new Map<string, unknown>(entries(shared['$evaluators']));
  for (const { path, after } of ours) {
    const [member, name] = path;
    if (name === undefined) set(members, member, after);
    else set(segments, name, after);
  }
  if (ours.some(({ path }) => path.length === 2)) {
    // The last segment takes "$evaluators" with it.
    set(members, '$evaluators', segments.size > 0 ? Object.fromEntries(segments) : undefined);
  }
  return Object.fromEntries(members);
}

/** The member of an object by its key; undefined if it is missing or inherited. */
export function ownMember(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** A path as users read it, e.g. `$.flags.fees`. */
export function jsonPath(path: PartPath): string {
  return path.reduce(joinPath, '$');
}

/** The shared members as parts: segments one by one, other members whole. */
function sharedParts(shared: SharedMembers): ReadonlyMap<string, { path: PartPath; value: unknown }> {
  const parts = new Map<string, { path: PartPath; value: unknown }>();
  for (const [member, value] of Object.entries(shared)) {
    if (member === '$evaluators' && isObject(value)) {
      for (const [name, rule] of Object.entries(value)) {
        const path = [member, name] as const;
        parts.set(jsonPath(path), { path, value: rule });
      }
    } else parts.set(jsonPath([member]), { path: [member], value });
  }
  return parts;
}

function set(map: Map<string, unknown>, key: string, value: unknown): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function entries(value: unknown): ReadonlyArray<[string, unknown]> {
  return isObject(value) ? Object.entries(value) : [];
}
