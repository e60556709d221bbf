import type { FileHandle } from 'node:fs/promises';
import { checkLine, noHash } from './line.ts';

/** What a journal holds, as far as its hashes fit. */
export interface JournalScan {
  /** Where each whole line begins. */
  readonly offsets: readonly number[];
  /** Where the next line goes. */
  readonly end: number;
  /** The hash of the last line. */
  readonly head: string;
  /** Bytes of a line that was never finished, at the end of the file: nobody was told of it. */
  readonly torn: number;
  /** The number of the line, from 1 on, whose hash does not fit; everything from there on is in doubt. */
  readonly damaged: number | undefined;
}

const chunkSize = 1 << 20;

/** Reads a journal from its beginning and checks every line; `visit` is given each one whose hash fits. */
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
  // A whole line whose end alone is wrong was told to somebody: that is damage, not a write that was cut short.
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
