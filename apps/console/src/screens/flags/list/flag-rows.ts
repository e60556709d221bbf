import type { Flag, FlagSet } from '@graylane/flags';
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

/** A definition never changes, so its row is made once. */
const rows = new WeakMap<object, FlagRow>();

/** The flags that have all words of a search, in the order of the document. */
export function findFlags(flags: FlagSet, search: string): FlagRow[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found: FlagRow[] = [];
  for (const key of flags.keys()) {
    const flag = flags.get(key);
    if (flag === undefined) continue;
    const row = rowOf(flag);
    if (words.every((word) => row.haystack.includes(word))) found.push(row);
  }
  return found;
}

function rowOf(flag: Flag): FlagRow {
  const { definition } = flag;
  const known = isRecord(definition) ? rows.get(definition) : undefined;
  if (known !== undefined && known.key === flag.key) return known;
  const row = makeRow(flag.key, isRecord(definition) ? definition : {});
  if (isRecord(definition)) rows.set(definition, row);
  return row;
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
