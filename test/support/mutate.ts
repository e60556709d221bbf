/**
 * Numbers from 0 to 1 that are the same for the same seed (mulberry32): what breaks something can
 * be had again.
 */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Inputs that have crashed parsers. */
const nasty = [
  '[',
  '{"a":',
  '"',
  '\\u0000',
  '\\ud800',
  '1e999',
  '-0',
  'null',
  '__proto__',
  '\uFEFF',
  '\r\n',
  '\0',
];

/**
 * A payload that is broken in one to three places: bits, bytes, pieces, repetitions, and what
 * parsers have died of.
 */
export function mutate(payload: Buffer, random: () => number): Buffer {
  let bytes = Buffer.from(payload);
  for (let times = 1 + Math.floor(random() * 3); times > 0; times -= 1) {
    const at = Math.floor(random() * (bytes.length + 1));
    const to = Math.min(bytes.length, at + Math.floor(random() * 40));
    const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
    const piece = Buffer.from(nasty[Math.floor(random() * nasty.length)] ?? '');
    const repeated = Buffer.alloc(piece.length * Math.floor(random() ** 8 * 50_000), piece);
    switch (Math.floor(random() * 6)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
        break;
      case 1:
        bytes = Buffer.concat([before, after]);
        break;
      case 2:
        bytes = Buffer.concat([before, middle, middle, after]);
        break;
      case 3:
        bytes = Buffer.concat([before, piece, after]);
        break;
      case 4:
        bytes = Buffer.concat([before, repeated, after]);
        break;
      default:
        bytes = Buffer.from(before);
    }
  }
  return bytes;
}
