import type { CompiledFlag } from './flag/flag.ts';
import type { EvaluateOptions, Evaluation, EvaluationContext } from './evaluation.ts';
import type { FlagSet } from './set/compiled-flags.ts';

/**
 * Evaluates one flag for one evaluation context. Pure: the same set, context and clock return the
 * same evaluation. Never throws: an unknown flag, a broken rule or a value beyond a limit returns
 * an `errorCode` and no value.
 */
export function evaluate(
  flags: FlagSet,
  key: string,
  context: EvaluationContext,
  options?: EvaluateOptions,
): Evaluation {
  // `compileFlags` alone makes sets, so a flag is always one of ours.
  const flag = flags.get(key) as CompiledFlag | undefined;
  return flag === undefined ? notFound(flags, key) : flag.evaluate(context, options);
}

function notFound({ metadata }: FlagSet, key: string): Evaluation {
  return {
    reason: 'ERROR',
    errorCode: 'FLAG_NOT_FOUND',
    errorMessage: `there is no flag "${key}"`,
    flagMetadata: metadata,
  };
}
