import type { CompiledFlags, FlagSet } from '../set/compiled-flags.ts';
import { flagsThatReferTo, readDefinitions, type FlagChanges } from '../set/flag-changes.ts';
import { ownFlags } from '../set/flag-set.ts';
import { changedEvaluators } from '../flag-set-settings.ts';
import { joinPath, problem, show, type Problem } from '../json/problem.ts';
import { isObject } from '../json/values.ts';
import { referencesOf } from '../flag/references.ts';
import { checkEntry, checkEvaluators } from './flags.ts';
import { checkKilled } from './killed.ts';
import { checkSetMetadata } from './metadata.ts';

/**
 * Checks a change before it is written, as strictly as `checkFlags` and at the cost of what it
 * changes: new definitions, evaluators and metadata, and the references that it leaves without an
 * evaluator. Problems of other flags are not part of it.
 * @throws {FlagsError} if `changes` or its `flags` is not an object.
 */
export function checkFlagChanges(flags: FlagSet, changes: FlagChanges): Problem[] {
  const definitions = readDefinitions(changes);
  const set = ownFlags(flags);
  const before = asObject(set.parts.members['$evaluators']);
  const { $evaluators: written = before, metadata, $killed: killed } = changes;
  const after = asObject(written);
  const problems = [
    ...checkSetMetadata(metadata ?? undefined),
    ...checkKilled(killed ?? undefined),
    ...checkChangedEvaluators(before, written),
    ...lostReferences(set, definitions, before, after),
  ];
  for (const [key, definition] of definitions)
    if (definition !== undefined) problems.push(...checkEntry(key, definition, after));
  return problems;
}

function checkChangedEvaluators(before: Readonly<Record<string, unknown>>, written: unknown): Problem[] {
  if (written === null || written === before) return [];
  if (!isObject(written)) return checkEvaluators(written);
  const isChanged = changedEvaluators(before, written);
  return checkEvaluators(Object.fromEntries(Object.entries(written).filter(([name]) => isChanged?.(name))));
}

/** References of flags that the change does not write to evaluators that it removes. */
function lostReferences(
  flags: CompiledFlags,
  definitions: ReadonlyMap<string, unknown>,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Problem[] {
  const removed = new Set<unknown>(Object.keys(before).filter((name) => !Object.hasOwn(after, name)));
  if (removed.size === 0) return [];
  return flagsThatReferTo(flags, (name) => removed.has(name))
    .filter(({ key }) => !definitions.has(key))
    .flatMap(
      ({ key, targeting }) => referencesOf(targeting, joinPath(joinPath('$.flags', key), 'targeting')) ?? [],
    )
    .filter(({ name }) => removed.has(name))
    .map(({ name, path }) =>
      problem(path, `the evaluator ${show(name)} is used here`, 'take the reference out first'),
    );
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}
