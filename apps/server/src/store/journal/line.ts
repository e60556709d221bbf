import { createHash } from 'node:crypto';
import type { FlagDocument } from '../../model/document.ts';
import type { RecordEdit, Revision } from '../../model/revision.ts';
import type { TimeSlices } from '../../time-slices.ts';

/** One line of a journal, as JSON. */
export interface JournalEntry extends Omit<Revision, 'revision'> {
  /** Numbered from 1 on, without a gap. */
  readonly n: number;
  /** The first entry names the history and the format of the journal. */
  readonly history?: string;
  readonly format?: 1;
  /** SHA-256 of the flags file after this revision: in journals of earlier versions. */
  readonly file?: string;
  /** The whole document after this revision: in journals of earlier versions. */
  readonly document?: FlagDocument;
  /** The records that were written together with this revision. */
  readonly records?: readonly RecordEdit[];
  /** The environment was removed with this entry. */
  readonly removed?: true;
}

/** The hash before the first line. */
export const noHash: string = '0'.repeat(64);

const chunkCharacters = 65_536;

/**
 * `<hash> <json>\n`, where the hash is the SHA-256 of the hash of the line before, a space, and the
 * JSON as it stands. Returns the line in pieces: a revision may replace 100,000 flags.
 */
export async function formatLine(
  previous: string,
  { changes, ...head }: JournalEntry,
  slices: TimeSlices,
): Promise<{ readonly hash: string; readonly pieces: readonly Buffer[]; readonly length: number }> {
  const hash = createHash('sha256').update(`${previous} `);
  const pieces: Buffer[] = [];
  let text = `${JSON.stringify(head).slice(0, -1)},"changes":[`;
  let length = 66;
  const flush = (): void => {
    const piece = Buffer.from(text);
    hash.update(piece);
    pieces.push(piece);
    length += piece.length;
    text = '';
  };
  let separator = '';
  for (const change of changes) {
    text += `${separator}${JSON.stringify(change)}`;
    separator = ',';
    if (text.length > chunkCharacters) flush();
    if (slices.over) await slices.next();
  }
  text += ']}';
  flush();
  const digest = hash.digest('hex');
  return { hash: digest, pieces: [Buffer.from(`${digest} `), ...pieces, Buffer.from('\n')], length };
}

/** The hash and the JSON of a line without its end; undefined if the hash does not match. */
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

function chain(previous: string, json: Buffer): string {
  return createHash('sha256').update(`${previous} `).update(json).digest('hex');
}
