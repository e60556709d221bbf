import type { Flag, FlagMetadata } from '../evaluation.ts';
import type { CompiledFlag } from '../flag/flag.ts';
import type { FlagSetSettings } from '../flag-set-settings.ts';
import type { FlagTable } from './flag-table.ts';
import type { Problem } from '../json/problem.ts';
import { sameJson, setOwn } from '../json/values.ts';
import { sameKilled, type Killed } from '../kill/killed.ts';

/** A compiled set of flags: immutable, to be passed to `evaluate`. */
export interface FlagSet {
  /** The number of flags. */
  readonly size: number;
  /** Metadata of the set, e.g. `flagSetId` and `version`. */
  readonly metadata: FlagMetadata;
  /** The lanes, with their control lanes, and the flags that the document switches off. */
  readonly killed: Killed;
  /**
   * The problems of single flags. The first read compiles every flag; later sets only read the
   * flags that changed.
   */
  readonly warnings: readonly Problem[];
  /**
   * The set as a flagd document, with its flags as an object. Made on first read, in time of the
   * set's size.
   */
  readonly document: Readonly<Record<string, unknown>>;
  keys(): IterableIterator<string>;
  get(key: string): Flag | undefined;
}

/** The members of a document beside its flags, and the problems of listed flags without a key. */
export interface FlagSetParts {
  readonly members: Readonly<Record<string, unknown>>;
  readonly settings: FlagSetSettings;
  readonly faults: readonly Problem[];
}

/** The only implementation of `FlagSet`: it hands out the flags that `evaluate` needs. */
export class CompiledFlags implements FlagSet {
  readonly parts: FlagSetParts;
  readonly table: FlagTable<CompiledFlag>;
  readonly #inherited: Inherited | undefined;
  #faulty: ReadonlyMap<string, readonly Problem[]> | undefined;
  #warnings: readonly Problem[] | undefined;
  #document: Readonly<Record<string, unknown>> | undefined;

  constructor(parts: FlagSetParts, table: FlagTable<CompiledFlag>, inherited?: Inherited) {
    this.parts = parts;
    this.table = table;
    this.#inherited = inherited;
  }

  get size(): number {
    return this.table.size;
  }

  get metadata(): FlagMetadata {
    return this.parts.settings.metadata;
  }

  get killed(): Killed {
    return this.parts.settings.killed;
  }

  get warnings(): readonly Problem[] {
    return (this.#warnings ??= [...this.parts.faults, ...inOrder(this.#faultyFlags(), this.table)]);
  }

  get document(): Readonly<Record<string, unknown>> {
    return (this.#document ??= { ...this.parts.members, flags: this.#definitions() });
  }

  keys(): IterableIterator<string> {
    return this.table.keys().values();
  }

  get(key: string): CompiledFlag | undefined {
    return this.table.get(key);
  }

  /** A set made of this one, of which these flags differ. */
  with(parts: FlagSetParts, changes: ReadonlyMap<string, CompiledFlag | undefined>): CompiledFlags {
    return this.withTable(parts, this.table.with(changes), changes.keys());
  }

  /** The same, from a table that has the flags of these keys changed. */
  withTable(parts: FlagSetParts, table: FlagTable<CompiledFlag>, changed: Iterable<string>): CompiledFlags {
    return new CompiledFlags(parts, table, this.#inheritance([...changed]));
  }

  /** Whether an unchanged definition means the same in both sets. */
  sharesSettingsWith(other: CompiledFlags): boolean {
    return sameSettings(this.parts.settings, other.parts.settings);
  }

  #definitions(): Readonly<Record<string, unknown>> {
    const flags: Record<string, unknown> = {};
    for (const key of this.table.keys()) setOwn(flags, key, this.table.get(key)?.definition);
    return flags;
  }

  #inheritance(changed: readonly string[]): Inherited | undefined {
    if (this.#faulty) return { faulty: this.#faulty, changed };
    if (this.#inherited === undefined || this.#inherited.changed.length > this.size) return undefined;
    return { ...this.#inherited, changed: [...this.#inherited.changed, ...changed] };
  }

  #faultyFlags(): ReadonlyMap<string, readonly Problem[]> {
    if (this.#faulty) return this.#faulty;
    const faulty = new Map(this.#inherited?.faulty);
    for (const key of this.#inherited?.changed ?? this.table.keys()) {
      const problems = this.table.get(key)?.problems ?? [];
      if (problems.length > 0) faulty.set(key, problems);
      else faulty.delete(key);
    }
    this.#faulty = faulty;
    return faulty;
  }
}

/** The flags with problems of an earlier set, and the keys that have changed since. */
interface Inherited {
  readonly faulty: ReadonlyMap<string, readonly Problem[]>;
  readonly changed: readonly string[];
}

function sameSettings(one: FlagSetSettings, other: FlagSetSettings): boolean {
  return (
    one === other ||
    (one.fractionalHash === other.fractionalHash &&
      sameKilled(one.killed, other.killed) &&
      sameJson(one.metadata, other.metadata) &&
      sameJson(one.evaluators, other.evaluators))
  );
}

function inOrder(
  faulty: ReadonlyMap<string, readonly Problem[]>,
  table: FlagTable<CompiledFlag>,
): readonly Problem[] {
  if (faulty.size < 2) return [...faulty.values()].flat();
  return table.keys().flatMap((key) => faulty.get(key) ?? []);
}
