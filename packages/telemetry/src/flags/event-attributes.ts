import type { EvaluatedFlag, HookContext } from './hook-types.ts';

/** Attributes that may be personal data and are left out by default. */
export interface EvaluationEventOptions {
  /** Whether the event has the value of the flag, as JSON if it is an object. Default: false. */
  readonly value?: boolean;
  /** Whether the event has the targeting key. Default: false. */
  readonly targetingKey?: boolean;
}

/** The attributes of a `feature_flag.evaluation` event. */
export function eventAttributes(
  { providerMetadata, context }: HookContext,
  details: EvaluatedFlag,
  { value = false, targetingKey = false }: EvaluationEventOptions,
): Record<string, string | number | boolean> {
  const { flagKey, variant, reason = 'unknown', errorCode, flagMetadata } = details;
  const candidates = {
    'feature_flag.key': flagKey,
    'feature_flag.provider.name': providerMetadata.name,
    'feature_flag.result.reason': reason.toLowerCase(),
    'feature_flag.result.variant': variant,
    'feature_flag.set.id': flagMetadata['flagSetId'],
    'feature_flag.version': flagMetadata['version'],
    'error.type': errorCode?.toLowerCase(),
    'feature_flag.result.value': value ? plain(details.value) : undefined,
    'feature_flag.context.id': targetingKey ? context.targetingKey : undefined,
  };
  return Object.fromEntries(
    Object.entries(candidates).filter(
      (entry): entry is [string, string | number | boolean] => entry[1] !== undefined,
    ),
  );
}

function plain(value: unknown): string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : JSON.stringify(value);
}
