import type { EvaluationContext, JsonValue, Logger, ResolutionDetails } from '@openfeature/server-sdk';

/**
 * The methods that a provider needs for synchronous clients, beside those of OpenFeature. Each
 * returns what its asynchronous namesake resolves to; clients call the cheaper one. The evaluation
 * context may be the caller's own object: do not keep or change it. Errors are returned or thrown,
 * as in OpenFeature.
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
