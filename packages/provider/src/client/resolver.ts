import type {
  EvaluationContext,
  FlagValue,
  FlagValueType,
  Logger,
  Provider,
  ResolutionDetails,
} from '@openfeature/server-sdk';
import type { SyncProvider } from './sync-provider.ts';

/** A provider's method for one type of flag. Call it on the provider. */
export type Resolver = (
  this: Provider,
  flagKey: string,
  defaultValue: FlagValue,
  context: EvaluationContext,
  logger: Logger,
) => ResolutionDetails<never> | Promise<ResolutionDetails<never>>;

/** The method that every provider has. */
export function asyncResolver(provider: Provider, type: FlagValueType): Resolver {
  return provider[asyncMethods[type]] as Resolver;
}

/** The synchronous method, if the provider has it. */
export function syncResolver(provider: Provider, type: FlagValueType): Resolver | undefined {
  return (provider as Partial<SyncProvider>)[syncMethods[type]] as Resolver | undefined;
}

const asyncMethods = {
  boolean: 'resolveBooleanEvaluation',
  string: 'resolveStringEvaluation',
  number: 'resolveNumberEvaluation',
  object: 'resolveObjectEvaluation',
} as const;

const syncMethods = {
  boolean: 'resolveBooleanEvaluationSync',
  string: 'resolveStringEvaluationSync',
  number: 'resolveNumberEvaluationSync',
  object: 'resolveObjectEvaluationSync',
} as const;
