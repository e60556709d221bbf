import type { Evaluation } from '@graylane/flags';

/** What OFREP says of one flag. Without a value the caller's own default serves. */
export function describeEvaluation(key: string, answer: Evaluation): object {
  const { value, variant, reason, errorCode, errorMessage, flagMetadata } = answer;
  const metadata = Object.keys(flagMetadata).length > 0 ? { metadata: flagMetadata } : {};
  if (errorCode !== undefined) return { key, errorCode, errorDetails: errorMessage, ...metadata };
  return { key, value, variant, reason, ...metadata };
}

/** The status of the answer for one flag. */
export function statusOf({ errorCode }: Evaluation): number {
  if (errorCode === undefined) return 200;
  return errorCode === 'FLAG_NOT_FOUND' ? 404 : 400;
}
