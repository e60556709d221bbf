import type { FlagSet } from '@graylane/flags';
import type { JSX } from 'preact';
import { isRecord } from '../../../json/values.ts';

/** The id of the list of attributes, for fields. */
export const attributeList = 'known-attributes';

/** Names that the environment knows, for suggestions. */
export interface Known {
  readonly attributes: readonly string[];
  readonly segments: readonly string[];
}

const cache = new WeakMap<FlagSet, Known>();

/** Flags that are read for suggestions; more would cost more than they add. */
const maxRead = 300;

/** The attributes that rules of the environment read, and its segments. */
export function suggestionsOf(flags: FlagSet): Known {
  const known = cache.get(flags);
  if (known !== undefined) return known;
  const attributes = new Set(['lane', 'targetingKey', 'tenant', 'region']);
  const { $evaluators } = flags.document;
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) collect(item);
    else if (isRecord(value)) {
      const { var: read } = value;
      if (typeof read === 'string' && read !== '') attributes.add(read);
      for (const member of Object.values(value)) collect(member);
    }
  };
  for (const key of [...flags.keys()].slice(0, maxRead)) {
    const definition = flags.get(key)?.definition;
    if (isRecord(definition)) collect(definition['targeting']);
  }
  collect($evaluators);
  const found = {
    attributes: [...attributes].toSorted(),
    segments: isRecord($evaluators) ? Object.keys($evaluators) : [],
  };
  cache.set(flags, found);
  return found;
}

/** The list that fields of attributes refer to. */
export function Suggestions({ known }: { readonly known: Known }): JSX.Element {
  return (
    <datalist id={attributeList}>
      {known.attributes.map((name) => (
        <option key={name} value={name} />
      ))}
    </datalist>
  );
}
