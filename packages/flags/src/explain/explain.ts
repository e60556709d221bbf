import type { EvaluateOptions, Evaluation, EvaluationContext } from '../evaluation.ts';
import { evaluate } from '../evaluate.ts';
import { plainObject } from '../flag/flag.ts';
import { joinPath } from '../json/problem.ts';
import { isObject } from '../json/values.ts';
import { maxRuleParts } from '../limits.ts';
import { compileRule } from '../rule/compile.ts';
import { operators } from '../rule/operators/index.ts';
import type { Rule } from '../rule/rule.ts';
import { valueScope, wholeRule } from '../rule/scope.ts';
import type { CompiledFlags, FlagSet } from '../set/compiled-flags.ts';
import { startWork } from '../work-limit.ts';
import { describeRun } from './describe-run.ts';
import type { ExplainedStep, Explanation } from './explanation.ts';
import type { OperationRun } from './operation-run.ts';
import { Recorder } from './recorder.ts';

/**
 * Explains the evaluation of one flag for one evaluation context: each operation that ran, with the
 * values that it read and its result. The operators are those of `evaluate`. For people: it
 * compiles the rule each time and does several times the work of an evaluation, within bounds.
 * Never throws.
 */
export function explain(
  flags: FlagSet,
  key: string,
  context: EvaluationContext,
  options: EvaluateOptions = {},
): Explanation {
  const steps = explainInSteps(flags, key, context, options);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/**
 * The same in a few steps, between which other code may run: of a rule of many thousand conditions,
 * each takes as long as an evaluation may. The last step returns the explanation.
 */
export function* explainInSteps(
  flags: FlagSet,
  key: string,
  context: EvaluationContext,
  options: EvaluateOptions = {},
): Generator<undefined, Explanation, undefined> {
  const now = options.now ?? Date.now();
  const units = options.budget?.left;
  const evaluation = evaluate(flags, key, context, { ...options, now });
  yield;
  const rule = ranNoRule(evaluation) ? undefined : yield* explainRule(flags, key, context, now, units);
  return { flag: key, evaluation, now, ...(rule && { rule }) };
}

/** Whether the definition alone decided; a flag that fails while its rule runs is `GENERAL`. */
function ranNoRule({ reason, errorCode }: Evaluation): boolean {
  return reason === 'DISABLED' || reason === 'STATIC' || (reason === 'ERROR' && errorCode !== 'GENERAL');
}

function* explainRule(
  flags: FlagSet,
  key: string,
  context: EvaluationContext,
  now: number,
  units: number | undefined,
): Generator<undefined, ExplainedStep | undefined, undefined> {
  try {
    const watched = compileWatched(flags as CompiledFlags, key);
    yield;
    const run = watched && record(watched, context, now, units);
    yield;
    // Describing counts work of its own, e.g. for the hash of a long key.
    startWork();
    return run && describeRun(run, pathOfRule(key));
  } catch {
    // A getter of the document or of the context that throws, or a stack that is full: the
    // evaluation reports it.
    return undefined;
  }
}

interface Watched {
  readonly rule: Rule;
  readonly recorder: Recorder;
}

function compileWatched(flags: CompiledFlags, key: string): Watched | undefined {
  const targeting = flags.get(key)?.targeting;
  if (!isObject(targeting)) return undefined;
  const { fractionalHash, evaluators } = flags.parts.settings;
  const recorder = new Recorder();
  const owner = {
    flagKey: key,
    operators,
    fractionalHash,
    generateCodeAfter: Number.POSITIVE_INFINITY,
    evaluators,
    path: pathOfRule(key),
    constant: (result: unknown) => result,
    outcome: (result: unknown) => result,
    // The rule is within the bound. Without shortcuts it has more parts than `evaluate` counts.
    parts: -4 * maxRuleParts,
    trace: recorder.trace,
  };
  return { rule: compileRule(targeting, valueScope(wholeRule(owner))), recorder };
}

/** Evaluates the rule again, watched. */
function record(
  { rule, recorder }: Watched,
  context: EvaluationContext,
  now: number,
  units: number | undefined,
): OperationRun | undefined {
  startWork(units);
  try {
    rule(plainObject(context), now);
  } catch {
    // The step that failed has the reason, as the evaluation has.
  }
  return recorder.outermost;
}

function pathOfRule(key: string): string {
  return `${joinPath('$.flags', key)}.targeting`;
}
