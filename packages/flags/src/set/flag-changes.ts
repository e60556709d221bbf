import type { CompiledFlags, FlagSet, FlagSetParts } from './compiled-flags.ts';
import { FlagsError } from '../errors.ts';
import { CompiledFlag } from '../flag/flag.ts';
import { ownFlags } from './flag-set.ts';
import { changedEvaluators, readSettings, type FlagSetSettings } from '../flag-set-settings.ts';
import { show } from '../json/problem.ts';
import { isObject, sameJson } from '../json/values.ts';
import { killedMember } from '../kill/killed.ts';
import { overrideChanges } from './overrides.ts';

/** A change of a flag set. A member that is absent stays as it is. */
export interface FlagChanges {
  /** New definitions by key; null removes a flag. */
  readonly flags?: Readonly<Record<string, unknown>> | undefined;
  /** All shared rules of the set after the change; null for none. */
  readonly $evaluators?: unknown;
  /** The whole metadata of the set after the change; null for none. */
  readonly metadata?: unknown;
  /** All kills of the set after the change; null for none. */
  readonly $killed?: unknown;
}

/**
 * The set after a change, as `compileFlags` makes it of the changed document; `flags` stays as it
 * is and in use. The cost is that of the flags that change, at any size of the set: other flags are
 * shared, compiled as they are. A change of the evaluators also costs one short look at each flag,
 * and recompiles those that refer to an evaluator that differs; a change of the set's metadata,
 * which every evaluation returns, recompiles all flags. A kill costs one look at each flag, and
 * recompiles those that it overrides.
 * @throws {FlagsError} if `changes` or its `flags` is not an object.
 */
export function applyFlagChanges(flags: FlagSet, changes: FlagChanges): FlagSet {
  const definitions = readDefinitions(changes);
  const set = ownFlags(flags);
  const parts = changedParts(set, changes);
  if (hasOtherMetadata(set.parts.settings, parts.settings)) return recompiled(set, parts, definitions);
  const changed = new Map<string, CompiledFlag | undefined>();
  for (const flag of affectedFlags(set, parts.settings))
    changed.set(flag.key, new CompiledFlag(flag.key, flag.definition, parts.settings));
  for (const [key, definition] of definitions) {
    const before = changed.get(key) ?? set.get(key);
    if (definition === undefined) changed.set(key, undefined);
    else if (before === undefined || !sameJson(before.definition, definition))
      changed.set(key, new CompiledFlag(key, definition, parts.settings));
  }
  return set.with(parts, changed);
}

/** The definitions of a change by key; undefined for a flag that is removed. */
export function readDefinitions(changes: FlagChanges): ReadonlyMap<string, unknown> {
  const given: unknown = changes;
  if (!isObject(given))
    throw new FlagsError('invalid_document', `the change is ${show(given)}: make it an object with "flags"`);
  const { flags = {} } = given;
  if (!isObject(flags)) {
    const message = `"flags" is ${show(flags)}: make it an object with a flag, or null, under each key`;
    throw new FlagsError('invalid_document', message);
  }
  return new Map(Object.entries(flags).map(([key, definition]) => [key, definition ?? undefined]));
}

function changedParts(
  { parts }: CompiledFlags,
  { $evaluators, metadata, [killedMember]: killed }: FlagChanges,
): FlagSetParts {
  const given = Object.entries({ $evaluators, metadata, [killedMember]: killed }).filter(
    ([, member]) => member !== undefined,
  );
  if (given.length === 0) return parts;
  const members = { ...parts.members, ...Object.fromEntries(given) };
  for (const [name, member] of given) if (member === null) delete members[name];
  return { ...parts, members, settings: readSettings(members, parts.settings.options) };
}

function hasOtherMetadata(before: FlagSetSettings, after: FlagSetSettings): boolean {
  return (
    before !== after &&
    (before.fractionalHash !== after.fractionalHash || !sameJson(before.metadata, after.metadata))
  );
}

function recompiled(
  set: CompiledFlags,
  parts: FlagSetParts,
  definitions: ReadonlyMap<string, unknown>,
): FlagSet {
  const all = new Map([...set.keys()].map((key) => [key, set.get(key)?.definition]));
  for (const [key, definition] of definitions) all.set(key, definition);
  const changed = new Map<string, CompiledFlag | undefined>();
  for (const [key, definition] of all)
    changed.set(
      key,
      definition === undefined ? undefined : new CompiledFlag(key, definition, parts.settings),
    );
  return set.with(parts, changed);
}

/**
 * The flags that refer to an evaluator that differs, or to none that exists, and those that a kill
 * changes.
 */
function affectedFlags(set: CompiledFlags, { evaluators, killed }: FlagSetSettings): Iterable<CompiledFlag> {
  const before = set.parts.settings;
  const isChanged = changedEvaluators(before.evaluators, evaluators);
  const isOverridden = overrideChanges(before.killed, killed);
  const affected = new Set(isChanged === undefined ? [] : flagsThatReferTo(set, isChanged));
  if (isOverridden !== undefined) {
    for (const key of set.keys()) {
      const flag = set.get(key);
      if (flag !== undefined && isOverridden(flag)) affected.add(flag);
    }
  }
  return affected;
}

/** The flags of a set that refer to an evaluator of such a name. */
export function flagsThatReferTo(set: CompiledFlags, isNamed: (name: unknown) => boolean): CompiledFlag[] {
  const flags: CompiledFlag[] = [];
  for (const key of set.keys()) {
    const flag = set.get(key);
    if (flag?.refersTo(isNamed)) flags.push(flag);
  }
  return flags;
}
