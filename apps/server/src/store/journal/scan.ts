import type { FileHandle } from 'node:fs/promises';
import { checkLine, noHash } from './line.ts';

/** The lines of a journal, as far as their hashes match. */
export interface JournalScan {
  /** The offset of each complete line. */
  readonly offsets: readonly number[];
  /** The offset of the next line. */
  readonly end: number;
  /** The hash of the last line. */
  readonly head: string;
  /** Bytes of an unfinished line at the end of the file. Its revision was never acknowledged. */
  readonly torn: number;
  /** The number of the first line, from 1 on, whose hash does not match. */
  readonly damaged: number | undefined;
}

const chunkSize = 1 << 20;

/**
 * Reads a journal from its beginning and checks every line; calls `visit` with each one whose hash
 * matches.
 */
export async function scanJournal(
  handle: FileHandle,
  visit: (json: Buffer, hash: string) => void = () => {},
): Promise<JournalScan> {
  const offsets: number[] = [];
  let head = noHash;
  let end = 0;
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks(handle)) {
    rest = Buffer.concat([rest, chunk]);
    for (let lineEnd = rest.indexOf(10); lineEnd >= 0; lineEnd = rest.indexOf(10)) {
      const line = checkLine(head, rest.subarray(0, lineEnd));
      if (!line) return { offsets, end, head, torn: 0, damaged: offsets.length + 1 };
      visit(line.json, line.hash);
      offsets.push(end);
      head = line.hash;
      end += lineEnd + 1;
      rest = rest.subarray(lineEnd + 1);
    }
  }
  // A line that lacks only its newline was acknowledged: it is corrupt, not unfinished.
  const whole = rest.length > 0 && checkLine(head, rest.subarray(0, -1)) !== undefined;
  return { offsets, end, head, torn: rest.length, damaged: whole ? offsets.length + 1 : undefined };
}

async function* chunks(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const buffer = Buffer.alloc(chunkSize);
    const { bytesRead } = await handle.read(buffer, 0, chunkSize, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
