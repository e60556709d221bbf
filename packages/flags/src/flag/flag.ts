import type {
  EvaluateOptions,
  Evaluation,
  EvaluationContext,
  Flag,
  FlagMetadata,
  FlagValue,
} from '../evaluation.ts';
import type { FlagSetSettings } from '../flag-set-settings.ts';
import type { Problem } from '../json/problem.ts';
import { isObject } from '../json/values.ts';
import { effectiveDefinition } from '../kill/effective.ts';
import type { Rule } from '../rule/rule.ts';
import { namesReferredTo } from './references.ts';
import { compileTargeting, failure, uncompiled, type Targeting } from './targeting.ts';
import { readVariants } from './variants.ts';
import { startWork, workLeft } from '../work-limit.ts';

/**
 * A flag that compiles itself when it is first evaluated: a set of 10,000 flags costs what the
 * flags in use cost. Every evaluation is made once and shared.
 */
export class CompiledFlag implements Flag {
  readonly key: string;
  readonly definition: unknown;
  readonly #set: FlagSetSettings;
  #effective: unknown;
  // Copies of the members of `#targeting`, one of which each evaluation reads.
  #fixed: Evaluation | undefined;
  #rule: Rule | undefined;
  #targeting: Targeting | undefined;
  #evaluators: readonly unknown[] | 'unknown' | undefined;
  #variants: ReadonlyMap<string, FlagValue> | undefined;

  /** `before` is the flag of the same definition in another set. */
  constructor(key: string, definition: unknown, set: FlagSetSettings, before?: CompiledFlag) {
    this.key = key;
    this.definition = definition;
    this.#set = set;
    if (before !== undefined) this.#evaluators = before.#evaluators;
  }

  get effective(): unknown {
    return (this.#effective ??= effectiveDefinition(this.key, this.definition, this.#set.killed));
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

  /** The rule that is in force. */
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
  evaluate(context: EvaluationContext, options: EvaluateOptions | undefined): Evaluation {
    const fixed = this.#fixed;
    if (fixed !== undefined) return fixed;
    const rule = this.#rule;
    if (rule === undefined || options !== undefined) return this.#evaluateWith(options ?? {}, context);
    startWork();
    try {
      return rule(plainObject(context), undefined) as Evaluation;
    } catch (error) {
      return this.#failed(error);
    }
  }

  #evaluateWith({ now, budget }: EvaluateOptions, context: EvaluationContext): Evaluation {
    const { fixed, rule } = this.#compiled();
    if (fixed !== undefined) return fixed;
    startWork(budget?.left);
    try {
      return rule(plainObject(context), now) as Evaluation;
    } catch (error) {
      return this.#failed(error);
    } finally {
      if (budget !== undefined) budget.left = workLeft();
    }
  }

  /**
   * A bound of the rule, a stack that is full, or a getter of the caller that throws: this flag
   * fails, not the request.
   */
  #failed(error: unknown): Evaluation {
    const message = `the rule of flag "${this.key}" failed: ${messageOf(error)}`;
    return failure('GENERAL', message, this.#compiled().metadata);
  }

  #compiled(): Targeting {
    if (this.#targeting !== undefined) return this.#targeting;
    try {
      this.#targeting = compileTargeting(this, this.#set);
    } catch (error) {
      // A getter of the document that throws, or a stack that is full: the next time may succeed.
      return uncompiled(this.key, messageOf(error));
    }
    this.#fixed = this.#targeting.fixed;
    this.#rule = this.#targeting.rule;
    return this.#targeting;
  }

  #findEvaluators(): readonly unknown[] | 'unknown' {
    try {
      const names = namesReferredTo(this.targeting) ?? 'unknown';
      return names.length === 0 ? noEvaluators : names;
    } catch {
      // A getter of the document that throws: compiling the flag reports it.
      return 'unknown';
    }
  }

  #property(name: string): unknown {
    const { effective } = this;
    return isObject(effective) ? effective[name] : undefined;
  }
}

const noEvaluators: readonly unknown[] = Object.freeze([]);

/**
 * An object that a rule may read by names alone, since it inherits nothing but `Object.prototype`.
 * Of any other object, the own properties are copied.
 */
export function plainObject(context: unknown): object {
  if (typeof context !== 'object' || context === null) return {};
  const prototype: unknown = Object.getPrototypeOf(context);
  return prototype === Object.prototype || prototype === null ? context : { ...context };
}

/** A getter of the caller can throw anything, even a value without a string. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the thrown value is not an Error';
}
