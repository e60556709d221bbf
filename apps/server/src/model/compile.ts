import {
  applyFlagChanges,
  applyFlagChangesInSteps,
  compileFlags,
  killedMember,
  type FlagChanges,
  type FlagSet,
} from '@graylane/flags';
import type { TimeSlices } from '../time-slices.ts';
import type { Content, ParsedDocument, PartChange, SharedMembers } from './document.ts';
import { changeShared } from './parts.ts';

/** How many flags are compiled between two looks at the clock. */
const batch = 200;

/**
 * A change of more flags than this builds a new set, so that evaluations with the old one need not
 * wait.
 */
const manyFlags = 1000;

/** The members that any flag may depend on. */
const sharedByAll: readonly string[] = ['$evaluators', 'metadata', killedMember];

/** Compiles a document that has no predecessor. */
export async function compileDocument(
  { flags, shared }: ParsedDocument,
  slices: TimeSlices,
): Promise<Content> {
  return { flags: await compileAnew(flags, shared, slices), shared };
}

/** A document after some changes; the one before stays as it is, and unchanged flags are shared. */
export async function changeContent(
  before: Content,
  changes: readonly PartChange[],
  slices: TimeSlices,
): Promise<Content> {
  const shared = changeShared(before.shared, changes);
  const flags = new Map<string, unknown>();
  for (const { path, after } of changes) {
    if (path[0] === 'flags') flags.set(path[1] ?? '', after);
    if (slices.over) await slices.next();
  }
  if (flags.size <= manyFlags) {
    // A change of metadata, segments or kills may concern every flag of the set.
    const steps = applyFlagChangesInSteps(before.flags, toFlagChanges(flags, before.shared, shared));
    return { flags: await slices.run(steps), shared };
  }
  const all = new Map<string, unknown>();
  for (const key of before.flags.keys()) {
    all.set(key, before.flags.get(key)?.definition);
    if (slices.over) await slices.next();
  }
  for (const [key, definition] of flags) {
    if (definition === undefined) all.delete(key);
    else all.set(key, definition);
    if (slices.over) await slices.next();
  }
  return { flags: await compileAnew(all, shared, slices), shared };
}

async function compileAnew(
  definitions: ReadonlyMap<string, unknown>,
  shared: SharedMembers,
  slices: TimeSlices,
): Promise<FlagSet> {
  let set = compileFlags({ ...shared, flags: {} });
  let next: Array<readonly [string, unknown]> = [];
  const take = (): void => {
    set = applyFlagChanges(set, { flags: Object.fromEntries(next) });
    next = [];
  };
  for (const entry of definitions) {
    if (next.push(entry) < batch) continue;
    take();
    if (slices.over) await slices.next();
  }
  take();
  return set;
}

function toFlagChanges(
  flags: ReadonlyMap<string, unknown>,
  before: SharedMembers,
  after: SharedMembers,
): FlagChanges {
  const changed = sharedByAll.filter((name) => before[name] !== after[name]);
  return {
    flags: Object.fromEntries([...flags].map(([key, definition]) => [key, definition ?? null])),
    ...Object.fromEntries(changed.map((name) => [name, after[name] ?? null])),
  };
}
