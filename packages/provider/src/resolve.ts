import type { Evaluation } from '@graylane/flags';
import {
  ErrorCode,
  StandardResolutionReasons,
  type FlagMetadata,
  type JsonValue,
  type ResolutionDetails,
} from '@openfeature/server-sdk';

/** The types that OpenFeature's flags have. */
export type FlagType = 'boolean' | 'string' | 'number' | 'object';

/** An evaluation as OpenFeature wants it: typed, and with the caller's default where there is no value. */
export function resolve<T extends JsonValue>(
  { value, variant, reason, errorCode, errorMessage, flagMetadata }: Evaluation,
  flagKey: string,
  type: FlagType,
  defaultValue: T,
): ResolutionDetails<T> {
  if (errorCode !== undefined) {
    const details = {
      value: defaultValue,
      reason,
      errorCode: ErrorCode[errorCode],
      flagMetadata: copy(flagMetadata),
    };
    return errorMessage === undefined ? details : { ...details, errorMessage };
  }
  if (value === undefined) return { value: defaultValue, reason, flagMetadata: copy(flagMetadata) };
  if (typeof value !== type) {
    return {
      value: defaultValue,
      reason: StandardResolutionReasons.ERROR,
      errorCode: ErrorCode.TYPE_MISMATCH,
      errorMessage: `flag "${flagKey}" is a ${typeof value} (variant "${variant}"), but a ${type} was asked for`,
      flagMetadata: copy(flagMetadata),
    };
  }
  const details = { value: value as T, reason, flagMetadata: copy(flagMetadata) };
  return variant === undefined ? details : { ...details, variant };
}

/** An answer for a provider that has no flags yet. */
export function notReady<T>(defaultValue: T, errorMessage: string): ResolutionDetails<T> {
  return {
    value: defaultValue,
    reason: StandardResolutionReasons.ERROR,
    errorCode: ErrorCode.PROVIDER_NOT_READY,
    errorMessage,
  };
}

/** Evaluations are shared and frozen; OpenFeature's metadata is the caller's to change. */
function copy(metadata: Evaluation['flagMetadata']): FlagMetadata {
  return { ...metadata };
}
