import type { ErrorCode, Evaluation, Flag, FlagMetadata, Reason } from './evaluation.ts';
import { RuleSyntaxError } from './errors.ts';
import { readMetadata, type FlagSetSettings, type FractionalHash } from './flag-set-settings.ts';
import { joinPath, show, type Problem } from './json/problem.ts';
import { isObject } from './json/values.ts';
import { compileRule } from './rule/compile.ts';
import { operators } from './rule/operators/index.ts';
import type { Rule } from './rule/rule.ts';
import { wholeRule, type RuleOwner } from './rule/scope.ts';
import { knownVariants, readVariant } from './variants.ts';

/** What a flag does: it has one answer for every evaluation context, or a rule that makes one. */
export interface Targeting {
  readonly fixed: Evaluation | undefined;
  /** Makes the evaluation, also where it is fixed. */
  readonly rule: Rule;
  readonly metadata: FlagMetadata;
  readonly problems: readonly Problem[];
}

/** Compiles a flag. What is wrong with it are its `problems`. */
export function compileTargeting(flag: Flag, set: FlagSetSettings): Targeting {
  const path = joinPath('$.flags', flag.key);
  const definition = isObject(flag.definition) ? flag.definition : {};
  const metadata = readMetadata(definition['metadata'], set.metadata);
  const fault = structuralFault(flag, path);
  if (fault) return broken(fault, `${fault.message}; ${fault.remedy}`, metadata);
  const { targeting, variants } = definition;
  const targeted = isObject(targeting) && Object.keys(targeting).length > 0;
  const byDefault = answerDefault(flag, variants, metadata, targeted ? 'DEFAULT' : 'STATIC');
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

/** What a flag does that could not even be looked at. */
export function uncompiled(key: string, reason: string): Targeting {
  const message = `flag "${key}" can't be read: ${reason}`;
  const path = joinPath('$.flags', key);
  return fixed(failure('GENERAL', message, {}), [{ path, message, remedy: 'make it plain JSON' }]);
}

/** The answer of a flag that has none. */
export function failure(errorCode: ErrorCode, errorMessage: string, flagMetadata: FlagMetadata): Evaluation {
  return Object.freeze({ reason: 'ERROR', errorCode, errorMessage, flagMetadata });
}

const none: readonly Problem[] = Object.freeze([]);

function fixed(answer: Evaluation, problems: readonly Problem[]): Targeting {
  return { fixed: answer, rule: () => answer, metadata: answer.flagMetadata, problems };
}

function broken(
  fault: Problem,
  message: string,
  metadata: FlagMetadata,
  others: readonly Problem[] = none,
): Targeting {
  return fixed(failure('PARSE_ERROR', message, metadata), [...others, fault]);
}

function answerDefault(
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

/** The answers of one flag, each made when it is first needed. */
class FlagOutcomes implements RuleOwner {
  readonly operators = operators;
  readonly flagKey: string;
  readonly fractionalHash: FractionalHash;
  readonly generateCodeAfter: number;
  readonly evaluators: Readonly<Record<string, unknown>>;
  parts = 0;
  readonly #variants: unknown;
  readonly #byDefault: Evaluation;
  readonly #matches = new Map<string, Evaluation>();
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
    this.#variants = (flag.definition as { variants?: unknown }).variants;
    this.#byDefault = byDefault;
  }

  get path(): string {
    return `${joinPath('$.flags', this.flagKey)}.targeting`;
  }

  /** A rule that answers with a boolean or a number names the variant of that spelling. */
  answer(result: unknown): Evaluation {
    if (result === null || result === undefined) return this.#byDefault;
    const known =
      typeof result === 'string'
        ? this.#match(result)
        : typeof result === 'object'
          ? undefined
          : this.#match(String(result));
    return known ?? this.#unknown(result);
  }

  #match(variant: string): Evaluation | undefined {
    const known = this.#matches.get(variant);
    if (known) return known;
    const value = readVariant(this.#variants, variant);
    if (value === undefined) return undefined;
    const { flagMetadata } = this.#byDefault;
    const answer: Evaluation = Object.freeze({ value, variant, reason: 'TARGETING_MATCH', flagMetadata });
    this.#matches.set(variant, answer);
    return answer;
  }

  #unknown(result: unknown): Evaluation {
    this.#known ??= knownVariants(this.#variants);
    const message = `the rule of flag "${this.flagKey}" names the variant ${show(result)}, but its variants are ${this.#known}`;
    return failure('GENERAL', message, this.#byDefault.flagMetadata);
  }
}

/** An operand can defeat its own conversion to a string, as `{"toString": 1}` does: that too is this flag's fault alone. */
function syntaxFault(error: unknown, path: string): Problem {
  if (error instanceof RuleSyntaxError) {
    return { path: error.path, message: error.message, remedy: error.remedy };
  }
  return { path, message: `the rule can't be read: ${String(error)}`, remedy: 'write its operands as text' };
}

function structuralFault({ key, definition }: Flag, path: string): Problem | undefined {
  if (!isObject(definition)) {
    return { path, message: `flag "${key}" is no object`, remedy: 'give it a state and variants' };
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
