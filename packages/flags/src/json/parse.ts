import { FlagsError } from '../errors.ts';
import { findSyntaxError } from './syntax.ts';

/** `JSON.parse` with an error that names the line, the column and the characters found there. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new FlagsError('invalid_json', describe(text), { cause: error });
  }
}

function describe(text: string): string {
  const position = findSyntaxError(text);
  const before = text.slice(0, position).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  const found =
    position < text.length ? JSON.stringify(text.slice(position, position + 20)) : 'end of the document';
  return `the document is not JSON: unexpected ${found} at line ${before.length}, column ${column}`;
}
