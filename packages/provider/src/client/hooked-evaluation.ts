import {
  instantiateErrorByErrorCode,
  MapHookData,
  type ClientMetadata,
  type EvaluationContext,
  type EvaluationDetails,
  type FlagValue,
  type FlagValueType,
  type Hook,
  type HookContext,
  type HookHints,
  type Logger,
  type ProviderMetadata,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { overlay } from '../evaluation-context.ts';
import { detailsOf, errorDetails } from './evaluation-details.ts';

/** One evaluation with hooks. */
export interface HookedEvaluation<T extends FlagValue> {
  readonly flagKey: string;
  readonly defaultValue: T;
  readonly type: FlagValueType;
  /** In the order of their `before` stage: API, client, invocation, provider. */
  readonly hooks: readonly Hook[];
  readonly hints: HookHints | undefined;
  /** Merged from all levels. Before-hooks add to it. */
  readonly context: EvaluationContext;
  readonly logger: Logger;
  readonly clientMetadata: ClientMetadata;
  readonly providerMetadata: ProviderMetadata;
  /** Calls the provider. Throws if it is not ready. */
  readonly resolve: (context: EvaluationContext) => unknown;
}

/**
 * Runs the stages of an evaluation with hooks, in the order of OpenFeature's specification (section
 * 4.4). It yields each result of a hook or the provider and takes back the settled value, so the
 * caller decides whether to await promises.
 */
export function* stages<T extends FlagValue>({
  flagKey,
  defaultValue,
  type,
  hooks,
  hints,
  context,
  logger,
  clientMetadata,
  providerMetadata,
  resolve,
}: HookedEvaluation<T>): Generator<unknown, EvaluationDetails<T>, unknown> {
  // Hints may not change between stages (section 4.2.2.1).
  Object.freeze(hints);
  // Each hook has its own context object and data in all stages.
  const calls = hooks.map((hook): HookCall => {
    const hookContext: HookContext = {
      flagKey,
      defaultValue,
      flagValueType: type,
      clientMetadata,
      providerMetadata,
      context,
      logger,
      hookData: new MapHookData(),
    };
    return { hook, hookContext: Object.freeze(hookContext) };
  });
  const reversed = calls.toReversed();
  let details: EvaluationDetails<T>;
  try {
    for (const { hook, hookContext } of calls) {
      if (!hook?.before) continue;
      overlay(context, (yield hook.before(hookContext, hints)) as EvaluationContext | undefined);
    }
    const resolution = (yield resolve(Object.freeze(context))) as ResolutionDetails<T>;
    details = detailsOf(flagKey, resolution);
    if (details.errorCode) {
      const error = instantiateErrorByErrorCode(details.errorCode, details.errorMessage);
      yield* errorStage(reversed, error, hints, logger);
      details = errorDetails(flagKey, defaultValue, error, details.flagMetadata);
    } else {
      for (const { hook, hookContext } of reversed) {
        if (hook?.after) yield hook.after(hookContext, details, hints);
      }
    }
  } catch (error) {
    yield* errorStage(reversed, error, hints, logger);
    details = errorDetails(flagKey, defaultValue, error);
  }
  for (const { hook, hookContext } of reversed) {
    try {
      // oxlint-disable-next-line promise/valid-params -- a hook's method, not a promise's
      if (hook?.finally) yield hook.finally(hookContext, details, hints);
    } catch (error) {
      report(logger, 'finally', error);
    }
  }
  return details;
}

/** Runs the stages and awaits promises. */
export async function runStages<T>(run: Generator<unknown, T, unknown>): Promise<T> {
  let step = run.next();
  while (!step.done) {
    if (!isThenable(step.value)) step = run.next(step.value);
    else {
      let value: unknown;
      let failure: { readonly error: unknown } | undefined;
      try {
        value = await step.value;
      } catch (error) {
        failure = { error };
      }
      step = failure ? run.throw(failure.error) : run.next(value);
    }
  }
  return step.value;
}

/**
 * Runs the stages synchronously. A stage that yields a promise fails with the error that `refuse`
 * returns.
 */
export function runStagesSync<T>(
  run: Generator<unknown, T, unknown>,
  refuse: (promise: PromiseLike<unknown>) => Error,
): T {
  let step = run.next();
  while (!step.done) {
    step = isThenable(step.value) ? run.throw(refuse(step.value)) : run.next(step.value);
  }
  return step.value;
}

interface HookCall {
  readonly hook: Hook | undefined;
  readonly hookContext: HookContext;
}

function* errorStage(
  reversed: readonly HookCall[],
  error: unknown,
  hints: HookHints | undefined,
  logger: Logger,
): Generator<unknown, void, unknown> {
  for (const { hook, hookContext } of reversed) {
    try {
      if (hook?.error) yield hook.error(hookContext, error, hints);
    } catch (unhandled) {
      report(logger, 'error', unhandled);
    }
  }
}

/**
 * An error in one of the last stages can't change the result: it is logged, and the other hooks
 * run.
 */
function report(logger: Logger, stage: 'error' | 'finally', error: unknown): void {
  logger.error(`Unhandled error during '${stage}' hook: ${String(error)}`);
  if (error instanceof Error) logger.error(error.stack);
}

/** Whether a value is a promise. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}
