import type { Flag } from './compiled-flag.ts';
import type { ErrorCode, Evaluation, FlagMetadata, Reason } from './evaluation.ts';
import { isObject } from './json.ts';
import { joinPath, show, type Problem } from './problem.ts';
import { compileRule, type Rule } from './rule/compile-rule.ts';

import { RuleSyntaxError } from './rule/rule-error.ts';
import { wholeRule, type RuleOwner } from './rule/scope.ts';
import { startWork } from './rule/work.ts';
import { readMetadata, type SetScope } from './set-scope.ts';
import { knownVariants, readVariant } from './variants.ts';

/** What a flag does: it has one answer for every evaluation context, or a rule that makes one. */
export interface Program {
  readonly fixed: Evaluation | undefined;
  readonly rule: Rule;
  readonly metadata: FlagMetadata;
  readonly problems: readonly Problem[];
}

/** Compiles a flag. What is wrong with it are its `problems`. */
export function compileProgram(flag: Flag, set: SetScope): Program {
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
    const rule = compileTargeting(targeting, new Answers(flag, set, byDefault));
    return { fixed: undefined, rule, metadata, problems };
  } catch (error) {
    const found = syntaxFault(error, `${path}.targeting`);
    return broken(found, `${found.path}: ${found.message}; ${found.remedy}`, metadata, problems);
  }
}

/** What a flag does that could not even be looked at. */
export function uncompiled(key: string, reason: string): Program {
  const message = `flag "${key}" can't be read: ${reason}`;
  const path = joinPath('$.flags', key);
  return fixed(failure('GENERAL', message, {}), [{ path, message, remedy: 'make it plain JSON' }]);
}

/** The answer of a flag that has none. */
export function failure(errorCode: ErrorCode, errorMessage: string, flagMetadata: FlagMetadata): Evaluation {
  return Object.freeze({ reason: 'ERROR', errorCode, errorMessage, flagMetadata });
}

const none: readonly Problem[] = Object.freeze([]);

function fixed(answer: Evaluation, problems: readonly Problem[]): Program {
  return { fixed: answer, rule: noRule, metadata: answer.flagMetadata, problems };
}

function noRule(): null {
  return null;
}

function broken(
  fault: Problem,
  message: string,
  metadata: FlagMetadata,
  others: readonly Problem[] = none,
): Program {
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

function compileTargeting(targeting: object, owner: RuleOwner): Rule {
  const rule = compileRule(targeting, wholeRule(owner));
  return owner.iterates ? counted(rule) : rule;
}

function counted(rule: Rule): Rule {
  return (data, now) => {
    startWork();
    return rule(data, now);
  };
}

/** The answers of one flag, each made when it is first needed. */
class Answers implements RuleOwner {
  readonly flagKey: string;
  readonly fractionalHash: 'v2' | 'v3';
  readonly generateCodeAfter: number;
  readonly evaluators: Readonly<Record<string, unknown>>;
  iterates = false;
  parts = 0;
  readonly #variants: unknown;
  readonly #byDefault: Evaluation;
  readonly #matches = new Map<string, Evaluation>();
  #known: string | undefined;

  constructor(
    flag: Flag,
    { fractionalHash, generateCodeAfter, evaluators }: SetScope,
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
