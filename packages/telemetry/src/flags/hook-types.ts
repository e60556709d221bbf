/** The part of OpenFeature's hook context that is read. */
export interface HookContext {
  readonly providerMetadata: { readonly name: string };
  readonly context: { readonly targetingKey?: string };
}

/** The part of OpenFeature's evaluation details that is read. */
export interface EvaluatedFlag {
  readonly flagKey: string;
  readonly value: unknown;
  readonly variant?: string | undefined;
  readonly reason?: string | undefined;
  readonly errorCode?: string | undefined;
  readonly flagMetadata: Readonly<Record<string, string | number | boolean>>;
}
