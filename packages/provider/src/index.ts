export { GraylaneProvider, type GraylaneProviderOptions } from './graylane-provider.ts';
export type { BaggageMapping, MappedMember } from './baggage-mapping.ts';
export type { UrlSourceOptions } from './source/url-source.ts';
