const [quote, backslash] = [0x22, 0x5c];
const openings: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const closings: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * Whether lists and objects of a JSON text in UTF-8 nest deeper than so many levels, found before it is parsed: `JSON.parse` goes down a
 * million levels, and whoever walks the result dies of it. Also right about a text that is no JSON, as far as it goes.
 */
export function nestsDeeper(bytes: Uint8Array, levels: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (inString) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (openings.has(byte)) {
      depth += 1;
      if (depth > levels) return true;
    } else if (closings.has(byte)) depth -= 1;
  }
  return false;
}
