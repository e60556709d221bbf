import type { Evaluation, EvaluationContext } from './evaluation.ts';
import { CompiledFlags, type FlagSet } from './flag-set.ts';

/** How one evaluation is done. */
export interface EvaluateOptions {
  /** The clock, in milliseconds since 1970; rules see whole seconds as `$flagd.timestamp`. Default: the real one. */
  readonly now?: number;
}

/**
 * Answers for one flag and one evaluation context. Pure: the same set, context and clock give the same answer. Never throws: an
 * unknown flag, a broken rule or a value out of bounds is an answer with an `errorCode` and no value.
 */
export function evaluate(
  flags: FlagSet,
  key: string,
  context: EvaluationContext,
  options?: EvaluateOptions,
): Evaluation {
  const flag = flags instanceof CompiledFlags ? flags.get(key) : undefined;
  if (flag === undefined) return notFound(flags, key);
  return flag.evaluate(context ?? {}, options?.now);
}

function notFound({ metadata }: FlagSet, key: string): Evaluation {
  return {
    reason: 'ERROR',
    errorCode: 'FLAG_NOT_FOUND',
    errorMessage: `there is no flag "${key}"`,
    flagMetadata: metadata,
  };
}
