import type { Problem } from './json/problem.ts';
import type { WorkBudget } from './work-limit.ts';

/** The value of a variant. */
export type FlagValue = boolean | string | number | JsonObject | readonly JsonValue[];

/** Any JSON value. */
export type JsonValue = null | boolean | string | number | JsonObject | readonly JsonValue[];

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * The facts of a request that rules read; OpenFeature's evaluation context fits. `targetingKey`
 * names the subject of rollouts.
 */
export interface EvaluationContext {
  readonly [key: string]: unknown;
}

/** How one evaluation is done. */
export interface EvaluateOptions {
  /**
   * The clock, in milliseconds since 1970; rules see whole seconds as `$flagd.timestamp`. Default:
   * the real one.
   */
  readonly now?: number;
  /** The work that this evaluation may do together with others. Default: a limit of its own. */
  readonly budget?: WorkBudget;
}

/**
 * Metadata of a flag, merged over that of its set: flat, strings, numbers and booleans (flagd
 * schema, `metadata`).
 */
export interface FlagMetadata {
  readonly [key: string]: string | number | boolean;
}

/** Why a flag has its value (OpenFeature specification, 1.4.7 and types). */
export type Reason = 'STATIC' | 'TARGETING_MATCH' | 'DEFAULT' | 'DISABLED' | 'ERROR';

/** The kind of an error (OpenFeature specification, types: error code). */
export type ErrorCode = 'FLAG_NOT_FOUND' | 'PARSE_ERROR' | 'GENERAL';

/**
 * The result for one flag and one evaluation context. It is frozen and may be shared between calls.
 * Without a `value` the caller uses its own default: for a disabled flag, a flag without a default
 * variant, or an error.
 */
export interface Evaluation {
  /** The variant's value. Absent: use the default of the code. */
  readonly value?: FlagValue;
  /** The name of the variant; missing where the code's default is used. */
  readonly variant?: string;
  readonly reason: Reason;
  /** OpenFeature's error code. Absent unless `reason` is `ERROR`. */
  readonly errorCode?: ErrorCode;
  /** Describes the fault of the flag. Absent unless `reason` is `ERROR`. */
  readonly errorMessage?: string;
  readonly flagMetadata: FlagMetadata;
}

/** One flag of a set. */
export interface Flag {
  readonly key: string;
  readonly state: 'ENABLED' | 'DISABLED';
  readonly variants: ReadonlyMap<string, FlagValue>;
  /** Undefined if the code's default is used. */
  readonly defaultVariant: string | undefined;
  /** Merged over the metadata of the set. */
  readonly metadata: FlagMetadata;
  /** As the document has it; not to be changed. */
  readonly definition: unknown;
  /**
   * The definition that is in force: `definition` itself, unless a kill of the set overrides it.
   * Plain flagd, so that every client follows.
   */
  readonly effective: unknown;
  /** The problems of this flag; the first read compiles it. A problem takes no other flag down. */
  readonly problems: readonly Problem[];
}
