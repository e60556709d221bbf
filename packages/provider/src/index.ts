export {
  GraylaneProvider,
  type GraylaneMetadata,
  type GraylaneProviderOptions,
} from './graylane-provider.ts';
export type { UsageOptions } from './usage/open-usage.ts';
export { withBaggage } from './baggage/with-baggage.ts';
export { BaggageTransactionContextPropagator } from './baggage/transaction-context.ts';
export { getSyncClient } from './client/get-sync-client.ts';
export type { SyncClient } from './client/sync-client.ts';
export type { SyncProvider } from './client/sync-provider.ts';
export { pin, type PinningProvider, type PinOptions } from './baggage/pins.ts';
export type { BaggageMapping, MappedMember, TrustOptions } from './baggage/mapping.ts';
export type { FlagSink, FlagSource, SourceOptions, UrlSourceOptions } from '@graylane/source';
