import { CompiledFlags, type FlagSet } from './compiled-flags.ts';
import { FlagsError } from '../errors.ts';
import { CompiledFlag } from '../flag/flag.ts';
import {
  changedEvaluators,
  readSettings,
  type FlagSetSettings,
  type FractionalHash,
} from '../flag-set-settings.ts';
import { FlagTable } from './flag-table.ts';
import { parseJson } from '../json/parse.ts';
import { joinPath, problem, show, type Problem } from '../json/problem.ts';
import { isObject, sameJson } from '../json/values.ts';
import { overrideChanges } from './overrides.ts';

/** How a document is compiled. */
export interface CompileOptions {
  /** The set compiled before: flags with the same definition are taken over as they are. */
  readonly previous?: FlagSet | undefined;
  /**
   * How `fractional` hashes. Default: the set's metadata `fractionalHash`, else `v2`, as flagd does
   * today.
   */
  readonly fractionalHash?: FractionalHash | undefined;
  /**
   * After how many evaluations a chain of conditions over several facts becomes generated code
   * (`new Function`), with the same results in a fraction of the time; 0 for at once, `Infinity`
   * for never. Where the runtime forbids it, the chain stays as it is. Default: 1000.
   */
  readonly generateCodeAfter?: number | undefined;
}

/**
 * Compiles a flag document in flagd's format (an object, or a JSON string). A fault of one flag is
 * a warning and that flag's own error. The set holds the document and does not copy it: do not
 * change it afterwards.
 * @throws {FlagsError} if it is not a flag document: not JSON, not an object, or without `flags`.
 */
export function compileFlags(document: unknown, options: CompileOptions = {}): FlagSet {
  const parsed = typeof document === 'string' ? parseJson(document) : document;
  if (!isObject(parsed)) {
    throw new FlagsError(
      'invalid_document',
      `the document is ${show(parsed)}: make it an object with "flags"`,
    );
  }
  const { flags, ...members } = parsed;
  if (!isObject(flags) && !Array.isArray(flags)) {
    throw new FlagsError(
      'invalid_document',
      `"flags" is ${show(flags)}: make it an object with a flag under each key`,
    );
  }
  const previous = options.previous && ownFlags(options.previous);
  const settings = readSettings(members, options);
  const kept = previous && keptFlags(previous, settings);
  const table = new Map<string, CompiledFlag>();
  const add = (key: string, definition: unknown): void => {
    const before = kept?.(key);
    const same = before !== undefined && sameJson(before.definition, definition);
    table.set(key, same ? before : new CompiledFlag(key, definition, settings));
  };
  const faults = Array.isArray(flags) ? addListed(flags, add) : addKeyed(flags, add);
  return new CompiledFlags({ members, settings, faults }, new FlagTable(table));
}

/**
 * The keys of the flags that were added, removed or changed, also by a change of the set's metadata
 * or evaluators. Between sets that `applyFlagChanges` made of each other it only compares the flags
 * that changed.
 */
export function changedFlags(previous: FlagSet | undefined, next: FlagSet): readonly string[] {
  if (previous === undefined) return [...next.keys()];
  const [before, after] = [ownFlags(previous), ownFlags(next)];
  const comparable = after.sharesSettingsWith(before);
  const keys = before.table.differences(after.table) ?? new Set([...after.keys(), ...before.keys()]);
  return [...keys].filter((key) => {
    const [one, other] = [before.get(key), after.get(key)];
    return one !== other && !(comparable && one && other && sameJson(one.definition, other.definition));
  });
}

/** The sets that this copy of the package has made of those of another copy. */
const adopted = new WeakMap<FlagSet, CompiledFlags>();

/**
 * The set itself, or one like it if another copy of this package has made it: a process that uses
 * `import` and `require` has two copies, and neither can read what is private in the other.
 */
export function ownFlags(flags: FlagSet): CompiledFlags {
  if (flags instanceof CompiledFlags) return flags;
  let own = adopted.get(flags);
  if (own === undefined) {
    const { parts } = flags as Partial<CompiledFlags>;
    own = compileFlags(flags.document, parts?.settings.options) as CompiledFlags;
    adopted.set(flags, own);
  }
  return own;
}

function addKeyed(
  flags: Readonly<Record<string, unknown>>,
  add: (key: string, definition: unknown) => void,
): Problem[] {
  for (const key of Object.keys(flags)) add(key, flags[key]);
  return [];
}

/** flagd's daemon also takes an array of flags that carry their key. */
function addListed(flags: readonly unknown[], add: (key: string, definition: unknown) => void): Problem[] {
  return flags.flatMap((flag, index) => {
    const key = isObject(flag) ? flag['key'] : undefined;
    if (typeof key !== 'string')
      return [problem(joinPath('$.flags', index), 'the flag has no key', 'add "key"')];
    add(key, flag);
    return [];
  });
}

/**
 * The flags of the previous set that mean the same in the new one: none, or those that refer to no
 * evaluator that differs.
 */
function keptFlags(
  previous: CompiledFlags,
  settings: FlagSetSettings,
): (key: string) => CompiledFlag | undefined {
  const old = previous.parts.settings;
  if (old.generateCodeAfter !== settings.generateCodeAfter || old.fractionalHash !== settings.fractionalHash)
    return () => undefined;
  if (!sameJson(old.metadata, settings.metadata)) return () => undefined;
  const isChanged = changedEvaluators(old.evaluators, settings.evaluators);
  const isOverridden = overrideChanges(old.killed, settings.killed);
  if (isChanged === undefined && isOverridden === undefined) return (key) => previous.get(key);
  return (key) => {
    const flag = previous.get(key);
    if (flag === undefined || isOverridden?.(flag)) return undefined;
    return isChanged !== undefined && flag.refersTo(isChanged) ? undefined : flag;
  };
}
