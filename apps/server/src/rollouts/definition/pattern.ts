import { createRequire } from 'node:module';
import type * as library from 're2js';

export type Pattern = library.RE2JS;

/**
 * Compiles a regular expression in RE2's syntax, which takes time linear in its input. The library
 * is large, and loads with the first one.
 * @throws {Error} if it is not one.
 */
export function compilePattern(pattern: string): Pattern {
  const { RE2JS } = createRequire(import.meta.url)('re2js') as typeof library;
  return RE2JS.compile(pattern);
}
