/**
 * The first characters of a text, as a string of its own: V8's `slice` refers to the whole text,
 * and would keep all of it in memory.
 */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  return Buffer.from(text.slice(0, maxCharacters), 'utf16le').toString('utf16le');
}
