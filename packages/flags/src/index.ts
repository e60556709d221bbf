export { changedFlags, compileFlags, type CompileOptions } from './set/flag-set.ts';
export type { FlagSet } from './set/compiled-flags.ts';
export { applyFlagChanges, applyFlagChangesInSteps, type FlagChanges } from './set/flag-changes.ts';
export { evaluate } from './evaluate.ts';
export { explain, explainInSteps } from './explain/explain.ts';
export type {
  ExplainedBucket,
  ExplainedChoice,
  ExplainedCondition,
  ExplainedOperand,
  ExplainedRange,
  ExplainedRead,
  ExplainedStep,
  Explanation,
} from './explain/explanation.ts';
export { mayRead } from './flag/reads.ts';
export { ruleOf, rulesOf, type FlagRule } from './flag/rules.ts';
export { killedMember, type Killed } from './kill/killed.ts';
export { plainMembers } from './kill/plain-members.ts';
export { createWorkBudget, type WorkBudget } from './work-limit.ts';
export type {
  ErrorCode,
  EvaluateOptions,
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
export { checkDyeRules, type DyeRuleOptions } from './check/dye-rules.ts';
export { checkFlagChanges } from './check/changes.ts';
