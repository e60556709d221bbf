import type {
  ErrorCode,
  Evaluation,
  EvaluationContext,
  FlagMetadata,
  FlagValue,
  Reason,
} from './evaluation.ts';
import { isObject } from './json.ts';
import { joinPath, show, type Problem } from './problem.ts';
import { compileRule, type Rule } from './rule/compile-rule.ts';
import { startIterations } from './rule/iteration.ts';
import { RuleSyntaxError } from './rule/rule-error.ts';
import { readMetadata, type SetScope } from './set-scope.ts';
import { readVariants } from './variants.ts';

/** One flag of a set. */
export interface Flag {
  readonly key: string;
  readonly state: 'ENABLED' | 'DISABLED';
  readonly variants: ReadonlyMap<string, FlagValue>;
  /** Undefined where the code's default serves. */
  readonly defaultVariant: string | undefined;
  /** Merged over the metadata of the set. */
  readonly metadata: FlagMetadata;
  /** As the document has it; not to be changed. */
  readonly definition: unknown;
}

/**
 * A flag that compiles itself when it is first asked: a set of 10,000 flags costs what the flags in use cost.
 * Every answer is made once and shared.
 */
export class CompiledFlag implements Flag {
  readonly key: string;
  readonly definition: unknown;
  readonly #set: SetScope;
  #program: Program | undefined;

  constructor(key: string, definition: unknown, set: SetScope) {
    this.key = key;
    this.definition = definition;
    this.#set = set;
  }

  get state(): 'ENABLED' | 'DISABLED' {
    return isObject(this.definition) && this.definition['state'] === 'DISABLED' ? 'DISABLED' : 'ENABLED';
  }

  get variants(): ReadonlyMap<string, FlagValue> {
    return this.#compiled.variants;
  }

  get defaultVariant(): string | undefined {
    const variant = isObject(this.definition) ? this.definition['defaultVariant'] : undefined;
    return typeof variant === 'string' ? variant : undefined;
  }

  get metadata(): FlagMetadata {
    return this.#compiled.metadata;
  }

  /** What is wrong with the flag; it takes no other flag down. */
  get problems(): readonly Problem[] {
    return this.#compiled.problems;
  }

  /** Answers for one evaluation context; never throws. */
  evaluate(context: EvaluationContext, now: number | undefined): Evaluation {
    const program = (this.#program ??= new Program(this, this.#set));
    return program.fixed ?? program.target(context, now);
  }

  get #compiled(): Program {
    return (this.#program ??= new Program(this, this.#set));
  }
}

class Program {
  readonly variants: ReadonlyMap<string, FlagValue>;
  readonly metadata: FlagMetadata;
  readonly problems: Problem[] = [];
  /** The answer where it depends on no evaluation context. */
  readonly fixed: Evaluation | undefined;
  readonly #key: string;
  readonly #byDefault: Evaluation;
  readonly #matches: ReadonlyMap<unknown, Evaluation>;
  readonly #rule: Rule = () => this.#byDefault;

  constructor(flag: Flag, set: SetScope) {
    const path = joinPath('$.flags', flag.key);
    const definition = isObject(flag.definition) ? flag.definition : undefined;
    this.#key = flag.key;
    this.metadata = readMetadata(definition?.['metadata'], set.metadata);
    this.variants = readVariants(definition?.['variants']);
    const targeting = definition?.['targeting'];
    const targeted = isObject(targeting) && Object.keys(targeting).length > 0;
    const fault = structuralFault(flag.key, definition, path);
    this.#matches = targeted && !fault ? this.#answerMatches() : new Map();
    if (fault) {
      this.problems.push(fault);
      this.#byDefault = this.fixed = this.#fail('PARSE_ERROR', `${fault.message}; ${fault.remedy}`);
      return;
    }
    this.#byDefault = this.#answerDefault(flag.defaultVariant, targeted ? 'DEFAULT' : 'STATIC');
    if (flag.state === 'DISABLED') {
      this.fixed = Object.freeze({ reason: 'DISABLED', flagMetadata: this.metadata });
    } else if (!targeted) {
      this.fixed = this.#byDefault;
    } else {
      try {
        this.#rule = this.#compile(targeting, `${path}.targeting`, set);
      } catch (error) {
        const found = syntaxFault(error, `${path}.targeting`);
        this.problems.push(found);
        this.fixed = this.#fail('PARSE_ERROR', `${found.path}: ${found.message}; ${found.remedy}`);
      }
    }
  }

  target(context: EvaluationContext, now: number | undefined): Evaluation {
    try {
      return this.#rule(plainObject(context), now) as Evaluation;
    } catch (error) {
      // A bound of the rule, a stack that is full, or a getter of the caller's that throws: this flag fails, not the request.
      return this.#fail('GENERAL', `the rule of flag "${this.#key}" failed: ${String(error)}`);
    }
  }

  #compile(targeting: object, path: string, set: SetScope): Rule {
    const traits = { iterates: false };
    const rule = compileRule(targeting, {
      ...set,
      flagKey: this.#key,
      path,
      depth: 0,
      iterating: false,
      referenced: false,
      answer: (result) => this.#answer(result),
      traits,
    });
    if (!traits.iterates) return rule;
    return (data, now) => {
      startIterations();
      return rule(data, now);
    };
  }

  #answer(result: unknown): Evaluation {
    if (result === null || result === undefined) return this.#byDefault;
    // A rule that answers with a boolean or a number names the variant of that spelling.
    const variant =
      typeof result === 'string' ? result : typeof result === 'object' ? undefined : String(result);
    return (
      this.#matches.get(variant) ?? this.#fail('GENERAL', this.#unknownVariant('the rule of', show(result)))
    );
  }

  #answerMatches(): ReadonlyMap<string, Evaluation> {
    const reason = 'TARGETING_MATCH';
    return new Map(
      [...this.variants].map(([variant, value]) => [
        variant,
        Object.freeze({ value, variant, reason, flagMetadata: this.metadata }),
      ]),
    );
  }

  #answerDefault(variant: string | undefined, reason: Reason): Evaluation {
    if (variant === undefined) return Object.freeze({ reason: 'DEFAULT', flagMetadata: this.metadata });
    const value = this.variants.get(variant);
    if (value !== undefined) return Object.freeze({ value, variant, reason, flagMetadata: this.metadata });
    const message = this.#unknownVariant('the default of', show(variant));
    this.problems.push({
      path: `${joinPath('$.flags', this.#key)}.defaultVariant`,
      message,
      remedy: 'name one of the variants, or null for the default of the code',
    });
    return this.#fail('GENERAL', message);
  }

  #unknownVariant(who: string, variant: string): string {
    const known = [...this.variants.keys()].slice(0, 10).map(show).join(', ');
    return `${who} flag "${this.#key}" names the variant ${variant}, but its variants are ${known}`;
  }

  #fail(errorCode: ErrorCode, errorMessage: string): Evaluation {
    return Object.freeze({ reason: 'ERROR', errorCode, errorMessage, flagMetadata: this.metadata });
  }
}

/** What a rule may read by its name alone: an object that inherits nothing of its own. Any other kind is copied, as far as it is its own. */
function plainObject(context: unknown): object {
  if (typeof context !== 'object' || context === null) return {};
  const prototype: unknown = Object.getPrototypeOf(context);
  return prototype === Object.prototype || prototype === null ? context : { ...context };
}

/** An operand can defeat its own conversion to a string, as `{"toString": 1}` does: that too is this flag's fault alone. */
function syntaxFault(error: unknown, path: string): Problem {
  if (error instanceof RuleSyntaxError) {
    return { path: error.path, message: error.message, remedy: error.remedy };
  }
  return { path, message: `the rule can't be read: ${String(error)}`, remedy: 'write its operands as text' };
}

function structuralFault(
  key: string,
  definition: Readonly<Record<string, unknown>> | undefined,
  path: string,
): Problem | undefined {
  if (definition === undefined) {
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
