export { openSource, type SourceOptions } from './open-source.ts';
export { UrlSource, type UrlSourceParts } from './url/url-source.ts';
export type { UrlSourceOptions } from './url/url-source-options.ts';
export { FileSource } from './file-source.ts';
export { FixedSource } from './fixed-source.ts';
export type { FlagSink, FlagSource } from './flag-source.ts';
export { watchFile, type FileListener } from './watch-file.ts';
export {
  applyDelta,
  serverHeader,
  wholeMembers,
  type CurrentEvent,
  type Delta,
  type DeltaEvent,
  type SnapshotEvent,
  type StreamEvents,
} from './protocol.ts';
export type { RevisionListener } from './url/revision-reporter.ts';
export { Refusal as SourceRefusal } from './url/refusal.ts';
// For the packages that are built on this one.
export { instanceId, serviceName } from './identity.ts';
export { checkOptions, checkTypes, type OptionType } from './check-options.ts';
export {
  openServerClient,
  type PostOptions,
  type PostResult,
  type ServerClient,
} from './url/server-client.ts';
export { openWatcher } from './watch-file.ts';
export { runInSlices } from './run-in-slices.ts';
