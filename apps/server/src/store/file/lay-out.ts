import type { FlagSet } from '@graylane/flags';
import type { Content, ParsedDocument } from '../../model/document.ts';
import type { TimeSlices } from '../../time-slices.ts';
import { indentedJson } from './indented-json.ts';

const chunkCharacters = 65_536;

/** A document as the bytes of a new flags file, in pieces. */
export async function layOutDocument(
  { flags, shared }: ParsedDocument | Content,
  slices: TimeSlices,
): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  let text = '{';
  let separator = '\n  ';
  for (const [name, value] of Object.entries(shared)) {
    text += `${separator}${JSON.stringify(name)}: ${indentedJson(value, '  ', '\n  ')}`;
    separator = ',\n  ';
  }
  text += `${separator}"flags": {`;
  separator = '\n    ';
  for (const key of flags.keys()) {
    const flag = flags instanceof Map ? flags.get(key) : (flags as FlagSet).get(key)?.definition;
    text += `${separator}${JSON.stringify(key)}: ${indentedJson(flag, '  ', '\n    ')}`;
    separator = ',\n    ';
    if (text.length > chunkCharacters) {
      pieces.push(Buffer.from(text));
      text = '';
    }
    if (slices.over) await slices.next();
  }
  pieces.push(Buffer.from(`${text}${flags.size > 0 ? '\n  ' : ''}}\n}\n`));
  return pieces;
}
