/** The part of OpenFeature's hook context that is read. */
export interface HookContext {
  readonly providerMetadata: { readonly name: string };
  readonly context: { readonly targetingKey?: string };
}

/** The part of OpenFeature's evaluation details that is read. */
export interface EvaluatedFlag {
  readonly flagKey: string;
  readonly value: unknown;
  /** Absent if the value is the default of the code. */
  readonly variant?: string | undefined;
  /** OpenFeature's reason, e.g. `TARGETING_MATCH`. Absent if the provider gives none. */
  readonly reason?: string | undefined;
  /** OpenFeature's error code. Absent if the evaluation succeeded. */
  readonly errorCode?: string | undefined;
  readonly flagMetadata: Readonly<Record<string, string | number | boolean>>;
}
