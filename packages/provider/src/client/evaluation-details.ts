import {
  ErrorCode,
  StandardResolutionReasons,
  type EvaluationDetails,
  type FlagMetadata,
  type FlagValue,
  type OpenFeatureError,
  type ResolutionDetails,
} from '@openfeature/server-sdk';

/** A provider's answer as the application sees it (OpenFeature specification, section 1.4). */
export function detailsOf<T extends FlagValue>(
  flagKey: string,
  resolution: ResolutionDetails<T>,
): EvaluationDetails<T> {
  const flagMetadata = Object.freeze(resolution.flagMetadata ?? {});
  // They stand first and are set again, because an object that grows after a spread is ten times as dear.
  const details: EvaluationDetails<T> = { flagKey, ...resolution, flagMetadata };
  details.flagKey = flagKey;
  return details;
}

/** The caller's default, with what went wrong. */
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
