import type { FlagSet } from '@graylane/flags';

/** A document in flagd's format. */
export interface FlagDocument {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly [name: string]: unknown;
}

/** The members of a document other than `flags`: `$evaluators`, `metadata`, `$schema`, … */
export type SharedMembers = Readonly<Record<string, unknown>>;

/** A document taken apart, so that one flag can be read or replaced without the others. */
export interface ParsedDocument {
  readonly flags: ReadonlyMap<string, unknown>;
  readonly shared: SharedMembers;
}

/**
 * A document with its flags compiled. Immutable; a changed one shares all flags that stay the same.
 */
export interface Content {
  readonly flags: FlagSet;
  readonly shared: SharedMembers;
}

/** The flags of one environment at one revision. */
export interface Snapshot extends Content {
  /** `<history>.<n>`: clients compare it for equality and don't take it apart. */
  readonly revision: string;
}

/**
 * The path of a part of a document: one flag, one segment (in flagd's `$evaluators`), or any other
 * member as a whole.
 */
export type PartPath = readonly [member: string] | readonly [member: 'flags' | '$evaluators', name: string];

/** One part to write; an undefined value removes the part. */
export interface Edit {
  readonly path: PartPath;
  readonly value: unknown;
}

/** One part before and after: without `before` it was added, without `after` it was removed. */
export interface PartChange {
  readonly path: PartPath;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** A document in one piece. Takes time in proportion to its size: for small documents and tools. */
export function toDocument({ flags, shared }: Content): FlagDocument {
  const definitions = [...flags.keys()].map((key) => [key, flags.get(key)?.definition] as const);
  return { ...shared, flags: Object.fromEntries(definitions) };
}

/** A document taken apart. */
export function toParsedDocument({ flags, ...shared }: FlagDocument): ParsedDocument {
  return { flags: new Map(Object.entries(flags)), shared };
}
