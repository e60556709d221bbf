import { createHash } from 'node:crypto';
import type { TimeSlices } from '../../time-slices.ts';

const chunkBytes = 1 << 18;

/** The SHA-256 of a file's content, in hexadecimal. */
export async function sha256(pieces: readonly Buffer[], slices: TimeSlices): Promise<string> {
  const hash = createHash('sha256');
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += chunkBytes) {
      hash.update(piece.subarray(at, at + chunkBytes));
      if (slices.over) await slices.next();
    }
  }
  return hash.digest('hex');
}
