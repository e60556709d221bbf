import type { CompiledFlags, FlagSet, FlagSetParts } from './compiled-flags.ts';
import { FlagsError } from '../errors.ts';
import { CompiledFlag } from '../flag/flag.ts';
import { ownFlags } from './flag-set.ts';
import { changedEvaluators, readSettings, type FlagSetSettings } from '../flag-set-settings.ts';
import { show } from '../json/problem.ts';
import { isObject, sameJson } from '../json/values.ts';
import { FlagTable } from './flag-table.ts';
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
  const steps = applyFlagChangesInSteps(flags, changes);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/**
 * The same in steps of a few flags each, between which other code may run: a change of the
 * evaluators, kills or metadata may concern every flag of a large set. `flags` must not be changed
 * by other code meanwhile. The last step returns the set.
 * @throws {FlagsError} as `applyFlagChanges` does, at the first step.
 */
export function* applyFlagChangesInSteps(
  flags: FlagSet,
  changes: FlagChanges,
): Generator<undefined, FlagSet, undefined> {
  const definitions = readDefinitions(changes);
  const set = ownFlags(flags);
  const parts = changedParts(set, changes);
  const isAffected = affectedBy(set.parts.settings, parts.settings);
  const changed = new Map<string, CompiledFlag | undefined>();
  let looks = 0;
  for (const key of isAffected ? set.keys() : []) {
    const flag = set.get(key);
    if (flag !== undefined && isAffected?.(flag))
      changed.set(key, new CompiledFlag(key, flag.definition, parts.settings, flag));
    if (++looks % flagsPerStep === 0) yield;
  }
  for (const [key, definition] of definitions) {
    const before = changed.get(key) ?? set.get(key);
    if (definition === undefined) changed.set(key, undefined);
    else if (before === undefined || !sameJson(before.definition, definition))
      changed.set(key, new CompiledFlag(key, definition, parts.settings));
  }
  return changed.size <= manyFlags ? set.with(parts, changed) : yield* copied(set, parts, changed);
}

/** The number of flags that a step looks at. */
const flagsPerStep = 16;

/**
 * A change of more flags than this makes a table of its own, step by step; one of fewer flags
 * shares the table of the set before.
 */
const manyFlags = 1000;

function* copied(
  set: CompiledFlags,
  parts: FlagSetParts,
  changed: ReadonlyMap<string, CompiledFlag | undefined>,
): Generator<undefined, FlagSet, undefined> {
  const all = new Map<string, CompiledFlag>();
  let looks = 0;
  for (const key of set.keys()) {
    const flag = changed.has(key) ? changed.get(key) : set.get(key);
    if (flag !== undefined) all.set(key, flag);
    if (++looks % flagsPerStep === 0) yield;
  }
  for (const [key, flag] of changed) {
    if (flag !== undefined) all.set(key, flag);
    if (++looks % flagsPerStep === 0) yield;
  }
  return set.withTable(parts, new FlagTable(all), changed.keys());
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

/** Which flags mean something else after a change of the settings; undefined for none. */
function affectedBy(
  before: FlagSetSettings,
  after: FlagSetSettings,
): ((flag: CompiledFlag) => boolean) | undefined {
  if (hasOtherMetadata(before, after)) return () => true;
  const isChanged = changedEvaluators(before.evaluators, after.evaluators);
  const isOverridden = overrideChanges(before.killed, after.killed);
  if (isChanged === undefined && isOverridden === undefined) return undefined;
  return (flag) => (isChanged !== undefined && flag.refersTo(isChanged)) || isOverridden?.(flag) === true;
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
