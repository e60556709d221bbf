export { changedFlags, compileFlags, type CompileOptions, type FlagSet } from './flag-set.ts';
export { evaluate, type EvaluateOptions } from './evaluate.ts';
export type {
  ErrorCode,
  Evaluation,
  EvaluationContext,
  Flag,
  FlagMetadata,
  FlagValue,
  JsonObject,
  JsonValue,
  Reason,
} from './evaluation.ts';
export { FlagsError } from './errors.ts';
export { joinPath, type Problem } from './json/problem.ts';
export { checkFlag } from './check/flag.ts';
export { checkFlags } from './check/flags.ts';
