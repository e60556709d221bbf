import {
  ErrorCode,
  StandardResolutionReasons,
  type EvaluationDetails,
  type FlagMetadata,
  type FlagValue,
  type OpenFeatureError,
  type ResolutionDetails,
} from '@openfeature/server-sdk';

/**
 * Returns a provider's resolution as the application sees it (OpenFeature specification, section
 * 1.4).
 */
export function detailsOf<T extends FlagValue>(
  flagKey: string,
  resolution: ResolutionDetails<T>,
): EvaluationDetails<T> {
  const flagMetadata = Object.freeze(resolution.flagMetadata ?? {});
  // The members also stand first: an object that grows after a spread costs ten times as much.
  const details: EvaluationDetails<T> = { flagKey, ...resolution, flagMetadata };
  details.flagKey = flagKey;
  return details;
}

/** Returns the caller's default, with the error. */
export function errorDetails<T extends FlagValue>(
  flagKey: string,
  defaultValue: T,
  error: unknown,
  flagMetadata: FlagMetadata = {},
): EvaluationDetails<T> {
  const { message, code } = (error ?? {}) as Partial<OpenFeatureError>;
  return {
    flagKey,
    value: defaultValue,
    reason: StandardResolutionReasons.ERROR,
    errorCode: code || ErrorCode.GENERAL,
    errorMessage: message as string,
    flagMetadata: Object.freeze(flagMetadata),
  };
}
