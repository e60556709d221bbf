import {
  ErrorCode,
  StandardResolutionReasons,
  type JsonValue,
  type ResolutionDetails,
} from '@openfeature/server-sdk';

import type { Decision } from './baggage/pins.ts';

/** OpenFeature's types of flags. */
export type FlagType = 'boolean' | 'string' | 'number' | 'object';

/**
 * Returns an evaluation as OpenFeature's resolution details: of the type, or with the caller's
 * default.
 */
export function resolve<T extends JsonValue>(
  { value, variant, reason, errorCode, errorMessage, flagMetadata }: Decision,
  flagKey: string,
  type: FlagType,
  defaultValue: T,
): ResolutionDetails<T> {
  // Evaluations and their metadata are frozen and shared. Clients freeze the metadata anyway
  // (section 1.4.15).
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
      errorMessage: `flag "${flagKey}" has the type ${typeof value} (variant "${variant}"), but the call requires ${type}`,
      flagMetadata,
    };
  }
  return { value: value as T, variant: variant as string, reason, flagMetadata };
}

/** Returns the caller's default, for a provider that has no flags yet. */
export function notReady<T>(defaultValue: T, errorMessage: string): ResolutionDetails<T> {
  return {
    value: defaultValue,
    reason: StandardResolutionReasons.ERROR,
    errorCode: ErrorCode.PROVIDER_NOT_READY,
    errorMessage,
  };
}
