import { nestsDeeper } from '../../json-depth.ts';

/** A value that nests deeper, or is mostly white space, stands on one line. */
const [deepest, mostWhiteSpace] = [60, 12];
/** Shorter values are indented in any case. */
const short = 500;

/**
 * JSON with a line for each member and element, as people edit it. The indentation of a deep value
 * grows with the square of its depth, so such a value stays on one line: a document of 6 MB would
 * become a file of 500 MB.
 */
export function indentedJson(value: unknown, unit: string, lineBreak: string): string {
  const compact = JSON.stringify(value);
  if (compact.length > short && nestsDeeper(Buffer.from(compact), deepest)) return compact;
  const text = JSON.stringify(value, null, unit).replaceAll('\n', lineBreak);
  return text.length <= mostWhiteSpace * Math.max(compact.length, short) ? text : compact;
}
