import type { ErrorCode, Evaluation, Flag, FlagMetadata, Reason } from '../evaluation.ts';
import { RuleSyntaxError } from '../errors.ts';
import { readMetadata, type FlagSetSettings, type FractionalHash } from '../flag-set-settings.ts';
import { joinPath, show, type Problem } from '../json/problem.ts';
import { isObject } from '../json/values.ts';
import { compileRule } from '../rule/compile.ts';
import { operators } from '../rule/operators/index.ts';
import type { Rule } from '../rule/rule.ts';
import { wholeRule, type RuleOwner } from '../rule/scope.ts';
import { ofRule } from './rules.ts';
import { knownVariants, readVariant } from './variants.ts';

/** A compiled flag: one evaluation for every evaluation context, or a rule that makes it. */
export interface Targeting {
  readonly fixed: Evaluation | undefined;
  /** Makes the evaluation where it is not fixed. */
  readonly rule: Rule;
  readonly metadata: FlagMetadata;
  readonly problems: readonly Problem[];
}

/** Compiles a flag; its faults become `problems`. */
export function compileTargeting(flag: Flag, set: FlagSetSettings): Targeting {
  const path = joinPath('$.flags', flag.key);
  const definition = isObject(flag.effective) ? flag.effective : {};
  const metadata = readMetadata(definition['metadata'], set.metadata);
  const fault = structuralFault(flag, path);
  if (fault) return broken(fault, `${fault.message}; ${fault.remedy}`, metadata);
  const { targeting, variants } = definition;
  const targeted = isObject(targeting) && Object.keys(targeting).length > 0;
  const byDefault = defaultOutcome(flag, variants, metadata, targeted ? 'DEFAULT' : 'STATIC');
  const problems = byDefault.errorCode === undefined ? none : [unknownDefault(flag, variants, path)];
  if (flag.state === 'DISABLED')
    return fixed(Object.freeze({ reason: 'DISABLED', flagMetadata: metadata }), problems);
  if (!targeted) return fixed(byDefault, problems);
  try {
    const rule = compileRule(targeting, wholeRule(new FlagOutcomes(flag, set, byDefault)));
    return { fixed: undefined, rule, metadata, problems };
  } catch (error) {
    const found = syntaxFault(error, `${path}.targeting`);
    return broken(found, `${found.path}: ${found.message}; ${found.remedy}`, metadata, problems);
  }
}

/** The targeting of a flag whose definition can't be read. */
export function uncompiled(key: string, reason: string): Targeting {
  const message = `flag "${key}" can't be read: ${reason}`;
  const path = joinPath('$.flags', key);
  return fixed(failure('GENERAL', message, {}), [{ path, message, remedy: 'make it plain JSON' }]);
}

/** The evaluation of a flag that has failed. */
export function failure(errorCode: ErrorCode, errorMessage: string, flagMetadata: FlagMetadata): Evaluation {
  return Object.freeze({ reason: 'ERROR', errorCode, errorMessage, flagMetadata });
}

const none: readonly Problem[] = Object.freeze([]);

function fixed(outcome: Evaluation, problems: readonly Problem[]): Targeting {
  return { fixed: outcome, rule: noRule, metadata: outcome.flagMetadata, problems };
}

function noRule(): undefined {}

function broken(
  fault: Problem,
  message: string,
  metadata: FlagMetadata,
  others: readonly Problem[] = none,
): Targeting {
  return fixed(failure('PARSE_ERROR', message, metadata), [...others, fault]);
}

function defaultOutcome(
  flag: Flag,
  variants: unknown,
  flagMetadata: FlagMetadata,
  reason: Reason,
): Evaluation {
  const variant = flag.defaultVariant;
  if (variant === undefined) return Object.freeze({ reason: 'DEFAULT', flagMetadata });
  const value = readVariant(variants, variant);
  if (value !== undefined) return Object.freeze({ value, variant, reason, flagMetadata });
  return failure('GENERAL', unknownDefaultMessage(flag, variants), flagMetadata);
}

function unknownDefault(flag: Flag, variants: unknown, path: string): Problem {
  return {
    path: `${path}.defaultVariant`,
    message: unknownDefaultMessage(flag, variants),
    remedy: 'name one of the variants, or null for the default of the code',
  };
}

function unknownDefaultMessage({ key, defaultVariant }: Flag, variants: unknown): string {
  return `flag "${key}" defaults to ${show(defaultVariant)}, but its variants are ${knownVariants(variants)}`;
}

/** The evaluations that the rule of one flag makes. */
class FlagOutcomes implements RuleOwner {
  readonly operators = operators;
  readonly flagKey: string;
  readonly fractionalHash: FractionalHash;
  readonly generateCodeAfter: number;
  readonly evaluators: Readonly<Record<string, unknown>>;
  parts = 0;
  readonly #variants: unknown;
  readonly #byDefault: Evaluation;
  /** Those of results that are computed, by branch; 0 for results outside of branches. */
  readonly #made: Map<unknown, Evaluation>[] = [];
  #known: string | undefined;

  constructor(
    flag: Flag,
    { fractionalHash, generateCodeAfter, evaluators }: FlagSetSettings,
    byDefault: Evaluation,
  ) {
    this.flagKey = flag.key;
    this.fractionalHash = fractionalHash;
    this.generateCodeAfter = generateCodeAfter;
    this.evaluators = evaluators;
    this.#variants = (flag.effective as { variants?: unknown }).variants;
    this.#byDefault = byDefault;
  }

  get path(): string {
    return `${joinPath('$.flags', this.flagKey)}.targeting`;
  }

  /** A boolean or a number names the variant of that spelling. */
  constant(result: unknown, branch: number | undefined): Evaluation {
    if (result === null || result === undefined)
      return branch === undefined ? this.#byDefault : ofRule({ ...this.#byDefault }, branch);
    const variant = typeof result === 'object' ? undefined : String(result);
    const value = variant === undefined ? undefined : readVariant(this.#variants, variant);
    if (variant === undefined || value === undefined) return this.#unknown(result);
    const { flagMetadata } = this.#byDefault;
    return ofRule({ value, variant, reason: 'TARGETING_MATCH', flagMetadata }, branch);
  }

  outcome(result: unknown, branch: number | undefined): Evaluation {
    const made = (this.#made[branch === undefined ? 0 : branch + 1] ??= new Map());
    const known = made.get(result);
    if (known) return known;
    const outcome = this.constant(result, branch);
    // A rule can compute any number of results that name no variant.
    if (outcome.errorCode === undefined) made.set(result, outcome);
    return outcome;
  }

  #unknown(result: unknown): Evaluation {
    this.#known ??= knownVariants(this.#variants);
    const message = `the rule of flag "${this.flagKey}" names the variant ${show(result)}, but its variants are ${this.#known}`;
    return failure('GENERAL', message, this.#byDefault.flagMetadata);
  }
}

/**
 * An operand can defeat its own conversion to a string, as `{"toString": 1}` does: this flag alone
 * fails then.
 */
function syntaxFault(error: unknown, path: string): Problem {
  if (error instanceof RuleSyntaxError) {
    return { path: error.path, message: error.message, remedy: error.remedy };
  }
  return {
    path,
    message: `the rule can't be read: ${String(error)}`,
    remedy: 'write its operands as strings',
  };
}

function structuralFault({ key, definition }: Flag, path: string): Problem | undefined {
  if (!isObject(definition)) {
    return { path, message: `flag "${key}" is not an object`, remedy: 'give it a state and variants' };
  }
  const { state, variants } = definition;
  if (state !== 'ENABLED' && state !== 'DISABLED') {
    const found = state === undefined ? 'no state' : `the state ${show(state)}`;
    return {
      path: `${path}.state`,
      message: `flag "${key}" has ${found}`,
      remedy: 'set it to "ENABLED" or "DISABLED"',
    };
  }
  if (!isObject(variants) || Object.keys(variants).length === 0) {
    return {
      path: `${path}.variants`,
      message: `flag "${key}" has no variants`,
      remedy: 'give it at least one',
    };
  }
  return undefined;
}
