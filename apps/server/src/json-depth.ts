/**
 * How deep a document may nest. A deeper one could be read, but neither written nor sent. A rule of
 * 100 levels, each an operator and its array, takes some 200 of them.
 */
export const maxDepth = 500;

const [quote, backslash] = [0x22, 0x5c];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Whether arrays and objects of JSON in UTF-8 nest deeper than the given number of levels. Meant
 * for JSON that is not parsed yet: `JSON.parse` accepts a million levels, and code that walks the
 * result overflows the stack. Works on malformed JSON, too.
 */
export function nestsDeeper(bytes: Uint8Array, levels: number): boolean {
  // Each level takes a byte.
  if (bytes.length <= levels) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openBracket || byte === openBrace) {
      depth += 1;
      if (depth > levels) return true;
    } else if (byte === closeBracket || byte === closeBrace) depth -= 1;
  }
  return false;
}
