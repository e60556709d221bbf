import { isDeepStrictEqual } from 'node:util';
import { joinPath } from '@graylane/flags';
import type { Edit, FlagDocument, PartChange, PartPath } from '../store/flag-store.ts';
import { isObject } from '../is-object.ts';

/** What differs between two documents, part by part. */
export function differingParts(before: FlagDocument | undefined, after: FlagDocument): PartChange[] {
  const [old, now] = [parts(before), parts(after)];
  const changed = [...now]
    .filter(([name, { value }]) => !old.has(name) || !isDeepStrictEqual(old.get(name)?.value, value))
    .map(([name, { path, value }]) => ({ path, ...known('before', old.get(name)), after: value }));
  const removed = [...old]
    .filter(([name]) => !now.has(name))
    .map(([, { path, value }]) => ({ path, before: value }));
  return [...changed, ...removed];
}

/** The document after some edits; the one before is left as it is, and what did not change is shared. */
export function withEdits(document: FlagDocument, edits: readonly Edit[]): FlagDocument {
  const members = new Map<string, unknown>(Object.entries(document));
  const shelves = new Map<string, Map<string, unknown>>();
  for (const { path, value } of edits) {
    const [member, name] = path;
    if (name === undefined) set(members, member, value);
    else {
      const shelf = shelves.get(member) ?? new Map(entries(members.get(member)));
      shelves.set(member, shelf);
      set(shelf, name, value);
    }
  }
  for (const [member, shelf] of shelves) {
    // The last segment takes its shelf with it; a document without flags would be none.
    set(members, member, shelf.size > 0 || member === 'flags' ? Object.fromEntries(shelf) : undefined);
  }
  return Object.fromEntries(members) as FlagDocument;
}

/** A part of a document, undefined where there is none. */
export function partOf(document: FlagDocument, [member, name]: PartPath): unknown {
  const value = own(document, member);
  return name === undefined ? value : own(value, name);
}

/** As users read it, e.g. `$.flags.fees`. */
export function jsonPath(path: PartPath): string {
  return path.reduce(joinPath, '$');
}

interface Part {
  readonly path: PartPath;
  readonly value: unknown;
}

/** Flags and segments one by one, other members whole. */
function parts(document: FlagDocument | undefined): ReadonlyMap<string, Part> {
  const found = new Map<string, Part>();
  for (const [member, value] of Object.entries(document ?? {})) {
    if ((member === 'flags' || member === '$evaluators') && isObject(value)) {
      for (const [name, definition] of Object.entries(value)) {
        const path = [member, name] as const;
        found.set(jsonPath(path), { path, value: definition });
      }
    } else {
      found.set(jsonPath([member]), { path: [member], value });
    }
  }
  return found;
}

function known(name: 'before', part: Part | undefined): { readonly before?: unknown } {
  return part ? { [name]: part.value } : {};
}

function set(map: Map<string, unknown>, key: string, value: unknown): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function own(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function entries(value: unknown): ReadonlyArray<[string, unknown]> {
  return isObject(value) ? Object.entries(value) : [];
}
