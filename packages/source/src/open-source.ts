import { FileSource } from './file-source.ts';
import { FixedSource } from './fixed-source.ts';
import type { FlagSource } from './flag-source.ts';
import type { UrlSourceOptions } from './url/url-source-options.ts';
import { UrlSource } from './url/url-source.ts';

/** A flag server, a flags file (watched), a whole flagd document, or a source of your own. */
export type SourceOptions =
  | UrlSourceOptions
  | { readonly file: string }
  | { readonly flags: unknown }
  | FlagSource;

/**
 * Returns the source that the options describe, not started.
 * @throws {TypeError} if the options are invalid.
 */
export function openSource(source: SourceOptions | undefined): FlagSource {
  if (typeof source === 'object' && source !== null) {
    if ('start' in source) return source;
    if ('url' in source) return new UrlSource(source);
    if ('file' in source) return new FileSource(source.file);
    if ('flags' in source) return new FixedSource(source.flags);
  }
  throw new TypeError(`source is ${describe(source)}: give it { url }, { file } or { flags }`);
}

/** Names only: a value may be a secret. */
function describe(source: unknown): string {
  if (source === undefined || source === null) return String(source);
  return typeof source === 'object' ? `{${Object.keys(source).join(', ')}}` : `a ${typeof source}`;
}
