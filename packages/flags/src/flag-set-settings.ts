import type { FlagMetadata } from './evaluation.ts';
import { isObject, sameJson, setOwn } from './json/values.ts';
import { effectiveEvaluators } from './kill/effective.ts';
import { killedMember, readKilled, type Killed } from './kill/killed.ts';

/** The settings that all flags of a set share. */
export interface FlagSetSettings {
  readonly metadata: FlagMetadata;
  /** Those in force: a killed lane reads as `baseline` in them. */
  readonly evaluators: Readonly<Record<string, unknown>>;
  readonly killed: Killed;
  readonly fractionalHash: FractionalHash;
  readonly generateCodeAfter: number;
  /** The options that they were read with. */
  readonly options: SettingsOptions;
}

/** How `fractional` hashes: see docs/evaluation.md for the clients that agree with each version. */
export type FractionalHash = 'v1' | 'v2' | 'v3';

/** The settings that `compileFlags` takes as options. */
export interface SettingsOptions {
  readonly fractionalHash?: FractionalHash | undefined;
  readonly generateCodeAfter?: number | undefined;
}

/**
 * Reads the shared settings of a document. The option overrides the set's metadata
 * `fractionalHash`; the default is v2.
 */
export function readSettings(
  document: Readonly<Record<string, unknown>>,
  options: SettingsOptions,
): FlagSetSettings {
  const { metadata, $evaluators: evaluators } = document;
  const { fractionalHash, generateCodeAfter = 1000 } = options;
  const own = readMetadata(metadata);
  const killed = readKilled(document[killedMember]);
  return {
    metadata: own,
    evaluators: isObject(evaluators) ? effectiveEvaluators(evaluators, killed) : {},
    killed,
    fractionalHash: fractionalHash ?? hashNamed(own['fractionalHash']) ?? 'v2',
    generateCodeAfter,
    options: { fractionalHash, generateCodeAfter },
  };
}

/**
 * Whether a reference to an evaluator of some name means something else afterwards: it differs, or
 * does not exist, so that the flag's error lists those that do. Undefined if no evaluator differs.
 */
export function changedEvaluators(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): ((name: unknown) => boolean) | undefined {
  const names = before === after ? [] : [...Object.keys(before), ...Object.keys(after)];
  const differing = new Set<unknown>(
    names.filter((name) => {
      const both = Object.hasOwn(before, name) && Object.hasOwn(after, name);
      return !both || !sameJson(before[name], after[name]);
    }),
  );
  if (differing.size === 0) return undefined;
  return (name) => differing.has(name) || typeof name !== 'string' || !Object.hasOwn(after, name);
}

/** The version of the hash that metadata names, if it exists. */
export function hashNamed(name: unknown): FractionalHash | undefined {
  return name === 'v1' || name === 'v2' || name === 'v3' ? name : undefined;
}

/** The entries of metadata that the format allows, merged over those of the set; frozen. */
export function readMetadata(metadata: unknown, ofSet: FlagMetadata = none): FlagMetadata {
  const entries = isObject(metadata) ? Object.entries(metadata) : [];
  if (entries.length === 0) return ofSet;
  const merged: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(ofSet)) setOwn(merged, key, value);
  for (const [key, value] of entries) if (isMetadataValue(value)) setOwn(merged, key, value);
  return Object.freeze(merged) as FlagMetadata;
}

/** Metadata is flat: strings, numbers and booleans. */
export function isMetadataValue(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

const none: FlagMetadata = Object.freeze({});
