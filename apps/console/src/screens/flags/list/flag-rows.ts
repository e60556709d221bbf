import { changedFlags, type FlagSet } from '@graylane/flags';
import { isRecord } from '../../../json/values.ts';
import { ruleInWords } from '../../../rule/words.ts';

/** A flag as the list shows and searches it. */
export interface FlagRow {
  readonly key: string;
  readonly type: string;
  readonly isEnabled: boolean;
  readonly description: string;
  readonly rule: string;
  /** Everything that a search looks at, in lower case. */
  readonly haystack: string;
}

/** The rows of the newest flags. A change of some flags makes their rows anew, and no other. */
class FlagRows {
  #flags: FlagSet | undefined;
  #rows: readonly FlagRow[] = [];
  #places: ReadonlyMap<string, number> = new Map();

  of(flags: FlagSet): readonly FlagRow[] {
    if (flags === this.#flags) return this.#rows;
    const changed = this.#flags === undefined ? undefined : changedFlags(this.#flags, flags);
    const isSameList = changed?.every((key) => this.#places.has(key) && flags.get(key) !== undefined);
    if (changed !== undefined && isSameList === true) {
      const rows = [...this.#rows];
      for (const key of changed) rows[this.#places.get(key) as number] = rowOf(flags, key);
      this.#rows = rows;
    } else {
      this.#rows = Array.from(flags.keys(), (key) => rowOf(flags, key));
      this.#places = new Map(this.#rows.map(({ key }, place) => [key, place]));
    }
    this.#flags = flags;
    return this.#rows;
  }
}

const newest = new FlagRows();

interface Search {
  readonly rows: readonly FlagRow[];
  readonly search: string;
  readonly found: readonly FlagRow[];
}

let last: Search | undefined;

/** The flags that have all words of a search, in the order of the document. */
export function findFlags(flags: FlagSet, search: string): readonly FlagRow[] {
  const rows = newest.of(flags);
  if (last?.rows !== rows || !search.startsWith(last.search)) last = undefined;
  if (last?.search === search) return last.found;
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  // A longer search finds fewer of the same flags.
  const found = (last?.found ?? rows).filter(({ haystack }) =>
    words.every((word) => haystack.includes(word)),
  );
  last = { rows, search, found };
  return found;
}

function rowOf(flags: FlagSet, key: string): FlagRow {
  const definition = flags.get(key)?.definition;
  return makeRow(key, isRecord(definition) ? definition : {});
}

function makeRow(key: string, definition: Readonly<Record<string, unknown>>): FlagRow {
  const { state, variants, defaultVariant, targeting, metadata } = definition;
  const type = typeOf(variants);
  const description =
    isRecord(metadata) && typeof metadata['description'] === 'string' ? metadata['description'] : '';
  const rule =
    ruleInWords(targeting, defaultVariant) ?? `always ${String(defaultVariant ?? 'the default of the code')}`;
  const isEnabled = state === 'ENABLED';
  const haystack =
    `${key} ${type} ${isEnabled ? 'enabled' : 'disabled'} ${description} ${rule}`.toLowerCase();
  return { key, type, isEnabled, description, rule, haystack };
}

/** The type of a flag's variants. */
export function typeOf(variants: unknown): string {
  const [first] = isRecord(variants) ? Object.values(variants) : [];
  return first === undefined ? 'no variants' : typeof first;
}
