import { createHash } from 'node:crypto';
import type { FlagDocument, Revision } from '../flag-store.ts';

/** One line of a journal, as JSON. */
export interface JournalEntry extends Omit<Revision, 'revision'> {
  /** Numbers from 1 on, without a gap. */
  readonly n: number;
  /** The first entry names the history and the format of the file. */
  readonly history?: string;
  readonly format?: 1;
  /** SHA-256 of the flags file after this revision. */
  readonly file: string;
  /** The whole document, now and then: nobody has to replay more than what came since. */
  readonly document?: FlagDocument;
  /** The environment was removed with this entry. */
  readonly removed?: true;
}

/** What the first line's hash stands on. */
export const noHash: string = '0'.repeat(64);

/** `<hash> <json>\n`, where the hash is the SHA-256 of the line before's hash, a space, and the JSON as it stands. */
export function formatLine(
  previous: string,
  entry: JournalEntry,
): { readonly hash: string; readonly line: Buffer } {
  const json = JSON.stringify(entry);
  const hash = chain(previous, Buffer.from(json));
  return { hash, line: Buffer.from(`${hash} ${json}\n`) };
}

/** The hash and the JSON of a line without its end; undefined where the hash does not fit the line and the one before. */
export function checkLine(
  previous: string,
  line: Buffer,
): { readonly hash: string; readonly json: Buffer } | undefined {
  const hash = line.toString('latin1', 0, 64);
  const json = line.subarray(65);
  return line[64] === 0x20 && chain(previous, json) === hash ? { hash, json } : undefined;
}

/** The entry of a line without its end. */
export function parseLine(line: Buffer): JournalEntry {
  return JSON.parse(line.toString('utf8', 65)) as JournalEntry;
}

/** SHA-256 in hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function chain(previous: string, json: Buffer): string {
  return createHash('sha256').update(`${previous} `).update(json).digest('hex');
}
