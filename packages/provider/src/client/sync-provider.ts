import type { EvaluationContext, JsonValue, Logger, ResolutionDetails } from '@openfeature/server-sdk';

/**
 * What a provider has beside OpenFeature's own methods when it can answer without a promise, so that a synchronous client may ask it.
 * Each method answers as its asynchronous namesake does; clients call whichever is cheaper. The evaluation context may be the
 * caller's own object: do not keep or change it. Errors are answers or thrown, as in OpenFeature.
 */
export interface SyncProvider {
  resolveBooleanEvaluationSync(
    flagKey: string,
    defaultValue: boolean,
    context: EvaluationContext,
    logger: Logger,
  ): ResolutionDetails<boolean>;
  resolveStringEvaluationSync(
    flagKey: string,
    defaultValue: string,
    context: EvaluationContext,
    logger: Logger,
  ): ResolutionDetails<string>;
  resolveNumberEvaluationSync(
    flagKey: string,
    defaultValue: number,
    context: EvaluationContext,
    logger: Logger,
  ): ResolutionDetails<number>;
  resolveObjectEvaluationSync<T extends JsonValue>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
    logger: Logger,
  ): ResolutionDetails<T>;
}
