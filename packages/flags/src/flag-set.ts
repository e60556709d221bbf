import type { Flag, FlagMetadata } from './evaluation.ts';
import { CompiledFlag } from './flag.ts';
import { FlagsError } from './errors.ts';
import { readSettings, type FlagSetSettings } from './flag-set-settings.ts';
import { parseJson } from './json/parse.ts';
import { joinPath, show, type Problem } from './json/problem.ts';
import { isObject, mentions, sameJson } from './json/values.ts';

/** A compiled set of flags: immutable, to be passed to `evaluate`. */
export interface FlagSet {
  readonly size: number;
  /** Metadata of the set, e.g. `flagSetId` and `version`. */
  readonly metadata: FlagMetadata;
  /** What is wrong with single flags. Reading it compiles every flag that has not been asked yet. */
  readonly warnings: readonly Problem[];
  keys(): IterableIterator<string>;
  get(key: string): Flag | undefined;
}

/** How a document is compiled. */
export interface CompileOptions {
  /** The set compiled before: flags whose definition is the same are taken over, so a changed flag costs what one flag costs. */
  readonly previous?: FlagSet | undefined;
  /** How `fractional` hashes. Default: the set's metadata `fractionalHash`, else `v2`, as flagd does today. */
  readonly fractionalHash?: 'v2' | 'v3' | undefined;
  /**
   * After how many evaluations a chain of conditions over several facts becomes generated code (`new Function`), which answers the
   * same in a fraction of the time; 0 for at once, `Infinity` for never. Where the runtime forbids it, nothing happens. Default: 1000.
   */
  readonly generateCodeAfter?: number | undefined;
}

/**
 * Compiles a flag document in flagd's format (an object, or JSON text). A fault of one flag is a warning and that flag's own error.
 * The document is held, not copied: do not change it afterwards.
 * @throws {FlagsError} where it is no flag document at all: no JSON, no object, no `flags`.
 */
export function compileFlags(document: unknown, options: CompileOptions = {}): FlagSet {
  const parsed = typeof document === 'string' ? parseJson(document) : document;
  if (!isObject(parsed)) {
    throw new FlagsError(
      'invalid_document',
      `the document is ${show(parsed)}: make it an object with "flags"`,
    );
  }
  const { flags } = parsed;
  if (!isObject(flags) && !Array.isArray(flags)) {
    throw new FlagsError(
      'invalid_document',
      `"flags" is ${show(flags)}: make it an object with a flag under each key`,
    );
  }
  const previous = options.previous instanceof CompiledFlags ? options.previous : undefined;
  return new CompiledFlags(flags, readSettings(parsed, options), previous);
}

/** The keys of the flags that were added, removed or changed, a change of the set's metadata or evaluators included where it matters. */
export function changedFlags(previous: FlagSet | undefined, next: FlagSet): readonly string[] {
  if (previous === undefined) return [...next.keys()];
  const comparable =
    previous instanceof CompiledFlags && next instanceof CompiledFlags && next.sharesScopeWith(previous);
  const changed = [...next.keys()].filter((key) => {
    const [one, other] = [previous.get(key), next.get(key)];
    return one !== other && !(comparable && one && other && sameJson(one.definition, other.definition));
  });
  return [...changed, ...[...previous.keys()].filter((key) => next.get(key) === undefined)];
}

/** Hands out what `evaluate` needs. */
class CompiledFlags implements FlagSet {
  readonly #flags = new Map<string, CompiledFlag>();
  readonly #scope: FlagSetSettings;
  readonly #faults: Problem[] = [];
  #warnings: readonly Problem[] | undefined;

  constructor(flags: object, scope: FlagSetSettings, previous: CompiledFlags | undefined) {
    this.#scope = scope;
    const kept = previous && keptFlags(previous, scope);
    const add = (key: string, definition: unknown): void => {
      const before = kept?.(key);
      const same = before !== undefined && sameJson(before.definition, definition);
      this.#flags.set(key, same ? before : new CompiledFlag(key, definition, scope));
    };
    if (Array.isArray(flags)) this.#addListed(flags, add);
    else for (const key of Object.keys(flags)) add(key, (flags as Record<string, unknown>)[key]);
  }

  get size(): number {
    return this.#flags.size;
  }

  get metadata(): FlagMetadata {
    return this.#scope.metadata;
  }

  get warnings(): readonly Problem[] {
    return (this.#warnings ??= [
      ...this.#faults,
      ...[...this.#flags.values()].flatMap(({ problems }) => problems),
    ]);
  }

  get scope(): FlagSetSettings {
    return this.#scope;
  }

  keys(): IterableIterator<string> {
    return this.#flags.keys();
  }

  get(key: string): CompiledFlag | undefined {
    return this.#flags.get(key);
  }

  sharesScopeWith(other: CompiledFlags): boolean {
    return sameScope(this.#scope, other.#scope);
  }

  /** flagd's daemon also takes a list of flags that carry their key. */
  #addListed(flags: readonly unknown[], add: (key: string, definition: unknown) => void): void {
    for (const [index, flag] of flags.entries()) {
      const key = isObject(flag) ? flag['key'] : undefined;
      if (typeof key === 'string') add(key, flag);
      else
        this.#faults.push({
          path: joinPath('$.flags', index),
          message: 'the flag has no key',
          remedy: 'add "key"',
        });
    }
  }
}

/** Which flags of the previous set mean the same in the new one: all, none, or those that use no evaluator. */
function keptFlags(
  previous: CompiledFlags,
  scope: FlagSetSettings,
): (key: string) => CompiledFlag | undefined {
  const old = previous.scope;
  if (old.generateCodeAfter !== scope.generateCodeAfter) return () => undefined;
  if (sameScope(old, scope)) return (key) => previous.get(key);
  if (!sameJson(old.metadata, scope.metadata) || old.fractionalHash !== scope.fractionalHash)
    return () => undefined;
  return (key) => {
    const flag = previous.get(key);
    return flag && !mentions(flag.definition, '$ref') ? flag : undefined;
  };
}

function sameScope(one: FlagSetSettings, other: FlagSetSettings): boolean {
  return (
    one.fractionalHash === other.fractionalHash &&
    sameJson(one.metadata, other.metadata) &&
    sameJson(one.evaluators, other.evaluators)
  );
}
