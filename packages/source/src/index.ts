export { openSource, type SourceOptions } from './open-source.ts';
export { UrlSource } from './url/url-source.ts';
export type { UrlSourceOptions } from './url/url-source-options.ts';
export { FileSource } from './file-source.ts';
export { FixedSource } from './fixed-source.ts';
export type { FlagSink, FlagSource } from './flag-source.ts';
export { watchFile, type FileListener } from './watch-file.ts';
export {
  applyDelta,
  wholeMembers,
  type CurrentEvent,
  type Delta,
  type DeltaEvent,
  type SnapshotEvent,
  type StreamEvents,
} from './protocol.ts';
// For the packages that are built on this one.
export { checkOptions, checkTypes, type OptionType } from './check-options.ts';
export {
  openServerClient,
  type PostOptions,
  type PostResult,
  type ServerClient,
} from './url/server-client.ts';
export { openWatcher } from './watch-file.ts';
