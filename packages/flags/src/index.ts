export { changedFlags, compileFlags, type CompileOptions, type FlagSet } from './flag-set.ts';
export { evaluate, type EvaluateOptions } from './evaluate.ts';
export type { Flag } from './compiled-flag.ts';
export type {
  ErrorCode,
  Evaluation,
  EvaluationContext,
  FlagMetadata,
  FlagValue,
  JsonObject,
  JsonValue,
  Reason,
} from './evaluation.ts';
export { FlagsError } from './flags-error.ts';
export { joinPath, type Problem } from './problem.ts';
export { checkFlag } from './check/check-flag.ts';
export { checkFlags } from './check/check-flags.ts';
