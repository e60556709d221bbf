import type { Definition } from './draft.ts';

/** The types of flags that the form offers. */
export type FlagType = 'boolean' | 'string' | 'number' | 'object';

/** A flag to begin with: everyone gets the default variant. */
export function newFlag(type: FlagType, description: string): Definition {
  const variants = starts[type];
  return {
    state: 'ENABLED',
    variants,
    defaultVariant: Object.keys(variants).at(-1),
    ...(description !== '' && { metadata: { description } }),
  };
}

const starts: Readonly<Record<FlagType, Readonly<Record<string, unknown>>>> = {
  boolean: { on: true, off: false },
  string: { new: 'new', old: 'old' },
  number: { high: 10, low: 1 },
  object: { new: { size: 2 }, old: { size: 1 } },
};
