import type { Evaluation, EvaluationContext, FlagMetadata, FlagValue } from './evaluation.ts';
import { isObject } from './json.ts';
import type { Problem } from './problem.ts';
import { compileProgram, failure, uncompiled, type Program } from './program.ts';
import type { SetScope } from './set-scope.ts';
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
  #variants: ReadonlyMap<string, FlagValue> | undefined;

  constructor(key: string, definition: unknown, set: SetScope) {
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

  /** What is wrong with the flag; it takes no other flag down. */
  get problems(): readonly Problem[] {
    return this.#compiled().problems;
  }

  /** Answers for one evaluation context; never throws. */
  evaluate(context: EvaluationContext, now: number | undefined): Evaluation {
    const program = this.#program ?? this.#compiled();
    return program.fixed ?? this.#target(program, context, now);
  }

  #target({ rule, metadata }: Program, context: EvaluationContext, now: number | undefined): Evaluation {
    try {
      return rule(plainObject(context), now) as Evaluation;
    } catch (error) {
      // A bound of the rule, a stack that is full, or a getter of the caller's that throws: this flag fails, not the request.
      return failure('GENERAL', `the rule of flag "${this.key}" failed: ${messageOf(error)}`, metadata);
    }
  }

  #compiled(): Program {
    try {
      return (this.#program ??= compileProgram(this, this.#set));
    } catch (error) {
      // A getter of the document's that throws, or a stack that is full: another time it may go well.
      return uncompiled(this.key, messageOf(error));
    }
  }

  #property(name: string): unknown {
    return isObject(this.definition) ? this.definition[name] : undefined;
  }
}

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
