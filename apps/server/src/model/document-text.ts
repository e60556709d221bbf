import { plainMembers, type Flag, type FlagSet } from '@graylane/flags';
import { TimeSlices } from '../time-slices.ts';
import type { Content } from './document.ts';

/** JSON in UTF-8, in pieces. */
export type Pieces = readonly Buffer[];

const chunkCharacters = 65_536;

const texts = new WeakMap<FlagSet, Promise<Pieces>>();
const plainTexts = new WeakMap<FlagSet, Promise<Pieces>>();

/**
 * A document as JSON. Its flags are written on the first request, in slices of a few milliseconds,
 * and shared by all further ones as long as the snapshot is in use.
 */
export async function documentText({ flags, shared }: Content): Promise<Pieces> {
  return around(headOf(shared), await flagsText(flags), '}');
}

/**
 * A document as plain flagd, made as `documentText` makes it: with the definitions that are in
 * force, for clients that know no kills.
 */
export async function plainText(content: Content): Promise<Pieces> {
  const { flags, shared } = content;
  const members = plainMembers(shared);
  if (members === shared) return around(headOf(members), await flagsText(flags), '}');
  let text = plainTexts.get(flags);
  if (text === undefined) {
    text = write(flags, new TimeSlices(), ({ effective }) => effective);
    plainTexts.set(flags, text);
  }
  return around(headOf(members), await text, '}');
}

/** The members other than the flags, up to the value of `flags`. */
function headOf(members: Content['shared']): string {
  const head = JSON.stringify(members).slice(0, -1);
  return `${head}${head === '{' ? '' : ','}"flags":`;
}

/** All flags of a set as one JSON object, made as `documentText` makes it. */
export function flagsText(flags: FlagSet): Promise<Pieces> {
  let text = texts.get(flags);
  if (text === undefined) {
    text = write(flags, new TimeSlices(), ({ definition }) => definition);
    texts.set(flags, text);
  }
  return text;
}

/** Pieces with a string before and after them. */
export function around(before: string, pieces: Pieces, after: string): Pieces {
  return [Buffer.from(before), ...pieces, Buffer.from(after)];
}

/** The length of all pieces in bytes. */
export function lengthOf(pieces: Pieces): number {
  return pieces.reduce((length, piece) => length + piece.length, 0);
}

async function write(
  flags: FlagSet,
  slices: TimeSlices,
  definitionOf: (flag: Flag) => unknown,
): Promise<Pieces> {
  const pieces: Buffer[] = [];
  let text = '{';
  let separator = '';
  for (const key of flags.keys()) {
    const flag = flags.get(key);
    text += `${separator}${JSON.stringify(key)}:${JSON.stringify(flag && definitionOf(flag))}`;
    separator = ',';
    if (text.length > chunkCharacters) {
      pieces.push(Buffer.from(text));
      text = '';
    }
    if (slices.over) await slices.next();
  }
  pieces.push(Buffer.from(`${text}}`));
  return pieces;
}
