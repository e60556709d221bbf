import {
  ErrorCode,
  StandardResolutionReasons,
  type JsonValue,
  type ResolutionDetails,
} from '@openfeature/server-sdk';

import type { Decision } from './baggage/pins.ts';

/** The types that OpenFeature's flags have. */
export type FlagType = 'boolean' | 'string' | 'number' | 'object';

/** An evaluation as OpenFeature wants it: typed, and with the caller's default where there is no value. */
export function resolve<T extends JsonValue>(
  { value, variant, reason, errorCode, errorMessage, flagMetadata }: Decision,
  flagKey: string,
  type: FlagType,
  defaultValue: T,
): ResolutionDetails<T> {
  // Evaluations are frozen and shared, and so is their metadata: OpenFeature's clients freeze it anyway (section 1.4.15).
  if (errorCode !== undefined) {
    const details = { value: defaultValue, reason, errorCode: ErrorCode[errorCode], flagMetadata };
    return errorMessage === undefined ? details : { ...details, errorMessage };
  }
  if (value === undefined) return { value: defaultValue, reason, flagMetadata };
  if (typeof value !== type) {
    return {
      value: defaultValue,
      reason: StandardResolutionReasons.ERROR,
      errorCode: ErrorCode.TYPE_MISMATCH,
      errorMessage: `flag "${flagKey}" is a ${typeof value} (variant "${variant}"), but a ${type} was asked for`,
      flagMetadata,
    };
  }
  return { value: value as T, variant: variant as string, reason, flagMetadata };
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
