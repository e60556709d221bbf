import type {
  Client,
  EvaluationContext,
  EvaluationDetails,
  FlagEvaluationOptions,
  JsonValue,
} from '@openfeature/server-sdk';

/** The SDK's type of flag keys, which an application may narrow to its own flags. */
type Key<Method extends 'getBooleanValue' | 'getStringValue' | 'getNumberValue' | 'getObjectValue'> =
  Parameters<Client[Method]>[0];

/**
 * OpenFeature's evaluation methods without the promise: the same arguments, results and hook calls
 * as the methods without `Sync`. They never throw. If the provider or a hook returns a promise,
 * they return the default with `GENERAL` and the remedy.
 */
export interface SyncClient {
  getBooleanValueSync(
    flagKey: Key<'getBooleanValue'>,
    defaultValue: boolean,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): boolean;
  getBooleanDetailsSync(
    flagKey: Key<'getBooleanValue'>,
    defaultValue: boolean,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): EvaluationDetails<boolean>;

  getStringValueSync(
    flagKey: Key<'getStringValue'>,
    defaultValue: string,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): string;
  getStringValueSync<T extends string = string>(
    flagKey: Key<'getStringValue'>,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): T;
  getStringDetailsSync(
    flagKey: Key<'getStringValue'>,
    defaultValue: string,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): EvaluationDetails<string>;
  getStringDetailsSync<T extends string = string>(
    flagKey: Key<'getStringValue'>,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): EvaluationDetails<T>;

  getNumberValueSync(
    flagKey: Key<'getNumberValue'>,
    defaultValue: number,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): number;
  getNumberValueSync<T extends number = number>(
    flagKey: Key<'getNumberValue'>,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): T;
  getNumberDetailsSync(
    flagKey: Key<'getNumberValue'>,
    defaultValue: number,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): EvaluationDetails<number>;
  getNumberDetailsSync<T extends number = number>(
    flagKey: Key<'getNumberValue'>,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): EvaluationDetails<T>;

  getObjectValueSync(
    flagKey: Key<'getObjectValue'>,
    defaultValue: JsonValue,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): JsonValue;
  getObjectValueSync<T extends JsonValue = JsonValue>(
    flagKey: Key<'getObjectValue'>,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): T;
  getObjectDetailsSync(
    flagKey: Key<'getObjectValue'>,
    defaultValue: JsonValue,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): EvaluationDetails<JsonValue>;
  getObjectDetailsSync<T extends JsonValue = JsonValue>(
    flagKey: Key<'getObjectValue'>,
    defaultValue: T,
    context?: EvaluationContext,
    options?: FlagEvaluationOptions,
  ): EvaluationDetails<T>;
}
