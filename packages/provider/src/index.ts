export { GraylaneProvider, type GraylaneProviderOptions } from './graylane-provider.ts';
export { getSyncClient } from './client/get-sync-client.ts';
export type { SyncClient } from './client/sync-client.ts';
export type { SyncProvider } from './client/sync-provider.ts';
export type { BaggageMapping, MappedMember } from './baggage-mapping.ts';
export type { UrlSourceOptions } from './source/url-source.ts';
