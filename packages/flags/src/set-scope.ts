import type { FlagMetadata } from './evaluation.ts';
import { isObject, setOwn } from './json.ts';

/** What the flags of one set share. */
export interface SetScope {
  readonly metadata: FlagMetadata;
  readonly evaluators: Readonly<Record<string, unknown>>;
  readonly fractionalHash: 'v2' | 'v3';
  readonly generateCodeAfter: number;
}

/** What the options say of all flags. */
export interface ScopeOptions {
  readonly fractionalHash?: 'v2' | 'v3' | undefined;
  readonly generateCodeAfter?: number | undefined;
}

/** Reads what a flag document says of all its flags. The option goes before the set's metadata `fractionalHash`; v2 is the default. */
export function readSetScope(
  document: Readonly<Record<string, unknown>>,
  { fractionalHash, generateCodeAfter = 1000 }: ScopeOptions,
): SetScope {
  const { metadata, $evaluators: evaluators } = document;
  const own = readMetadata(metadata);
  return {
    metadata: own,
    evaluators: isObject(evaluators) ? evaluators : {},
    fractionalHash: fractionalHash ?? (own['fractionalHash'] === 'v3' ? 'v3' : 'v2'),
    generateCodeAfter,
  };
}

/** The entries of metadata that the format allows, over those of the set where there are some; frozen. */
export function readMetadata(metadata: unknown, ofSet: FlagMetadata = none): FlagMetadata {
  const entries = isObject(metadata) ? Object.entries(metadata) : [];
  if (entries.length === 0) return ofSet;
  const merged: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(ofSet)) setOwn(merged, key, value);
  for (const [key, value] of entries) if (isMetadataValue(value)) setOwn(merged, key, value);
  return Object.freeze(merged) as FlagMetadata;
}

/** Metadata is flat: texts, numbers and booleans. */
export function isMetadataValue(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

const none: FlagMetadata = Object.freeze({});
