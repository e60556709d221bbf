import type { Evaluation, EvaluationContext, Flag, FlagMetadata, FlagValue } from './evaluation.ts';
import type { FlagSetSettings } from './flag-set-settings.ts';
import type { Problem } from './json/problem.ts';
import { isObject } from './json/values.ts';
import { referencesOf } from './references.ts';
import { compileTargeting, failure, uncompiled, type Targeting } from './targeting.ts';
import { readVariants } from './variants.ts';

/**
 * A flag that compiles itself when it is first asked: a set of 10,000 flags costs what the flags in use cost.
 * Every answer is made once and shared.
 */
export class CompiledFlag implements Flag {
  readonly key: string;
  readonly definition: unknown;
  readonly #set: FlagSetSettings;
  #targeting: Targeting | undefined;
  #evaluators: readonly unknown[] | 'unknown' | undefined;
  #variants: ReadonlyMap<string, FlagValue> | undefined;

  constructor(key: string, definition: unknown, set: FlagSetSettings) {
    this.key = key;
    this.definition = definition;
    this.#set = set;
  }

  get state(): 'ENABLED' | 'DISABLED' {
    return this.#property('state') === 'DISABLED' ? 'DISABLED' : 'ENABLED';
  }

  get variants(): ReadonlyMap<string, FlagValue> {
    return (this.#variants ??= readVariants(this.#property('variants')));
  }

  get defaultVariant(): string | undefined {
    const variant = this.#property('defaultVariant');
    return typeof variant === 'string' ? variant : undefined;
  }

  get metadata(): FlagMetadata {
    return this.#compiled().metadata;
  }

  /** The rule, as the document has it. */
  get targeting(): unknown {
    return this.#property('targeting');
  }

  get problems(): readonly Problem[] {
    return this.#compiled().problems;
  }

  /** Whether the rule refers to an evaluator of these names, or can't be searched. */
  refersTo(isNamed: (name: unknown) => boolean): boolean {
    this.#evaluators ??= this.#findEvaluators();
    return this.#evaluators === 'unknown' || this.#evaluators.some(isNamed);
  }

  /** Evaluates the flag for one evaluation context; never throws. */
  evaluate(context: EvaluationContext, now: number | undefined): Evaluation {
    const targeting = this.#targeting ?? this.#compiled();
    return targeting.fixed ?? this.#target(targeting, context, now);
  }

  #target({ rule, metadata }: Targeting, context: EvaluationContext, now: number | undefined): Evaluation {
    try {
      return rule(plainObject(context), now) as Evaluation;
    } catch (error) {
      // A bound of the rule, a stack that is full, or a getter of the caller's that throws: this flag fails, not the request.
      return failure('GENERAL', `the rule of flag "${this.key}" failed: ${messageOf(error)}`, metadata);
    }
  }

  #compiled(): Targeting {
    try {
      return (this.#targeting ??= compileTargeting(this, this.#set));
    } catch (error) {
      // A getter of the document's that throws, or a stack that is full: another time it may go well.
      return uncompiled(this.key, messageOf(error));
    }
  }

  #findEvaluators(): readonly unknown[] | 'unknown' {
    try {
      const references = referencesOf(this.targeting, '');
      if (references === undefined) return 'unknown';
      return references.length === 0 ? noEvaluators : references.map(({ name }) => name);
    } catch {
      // A getter of the document that throws: compiling the flag reports it.
      return 'unknown';
    }
  }

  #property(name: string): unknown {
    return isObject(this.definition) ? this.definition[name] : undefined;
  }
}

const noEvaluators: readonly unknown[] = Object.freeze([]);

/** What a rule may read by its name alone: an object that inherits nothing of its own. Any other kind is copied, as far as it is its own. */
function plainObject(context: unknown): object {
  if (typeof context !== 'object' || context === null) return {};
  const prototype: unknown = Object.getPrototypeOf(context);
  return prototype === Object.prototype || prototype === null ? context : { ...context };
}

/** Anything can be thrown by a getter of the caller's, even what can't be made a text. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'what was thrown is no error';
}
