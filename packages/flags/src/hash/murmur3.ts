import { countWork, longText } from '../work-limit.ts';

/**
 * The state of MurmurHash3 (x86, 32 bit, seed 0) after the bytes of a string: `murmur3(text,
 * prefix)` continues from it.
 */
export interface MurmurPrefix {
  readonly hash: number;
  /** Up to three bytes that do not fill a block yet, lowest first. */
  readonly pending: number;
  readonly length: number;
}

const empty: MurmurPrefix = { hash: 0, pending: 0, length: 0 };

/**
 * MurmurHash3 (x86, 32 bit, seed 0) of the UTF-8 bytes of a string, as a signed integer: V8 keeps
 * that unboxed.
 */
export function murmur3(text: string, prefix: MurmurPrefix = empty): number {
  if (text.length > longText) countWork(text.length / 4);
  const shift = (prefix.length & 3) << 3;
  let mixed = prefix.hash;
  let rest = prefix.pending;
  let at = 0;
  for (const blocks = text.length & ~3; at < blocks; at += 4) {
    const one = text.charCodeAt(at);
    const two = text.charCodeAt(at + 1);
    const three = text.charCodeAt(at + 2);
    const four = text.charCodeAt(at + 3);
    if ((one | two | three | four) > 0x7f) return murmur3Unicode(text, prefix);
    const word = one | (two << 8) | (three << 16) | (four << 24);
    mixed = mix(mixed, rest | (word << shift));
    rest = shift === 0 ? 0 : word >>> (32 - shift);
  }
  for (let free = shift; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return murmur3Unicode(text, prefix);
    rest |= unit << free;
    free += 8;
    if (free === 32) {
      mixed = mix(mixed, rest);
      rest = free = 0;
    }
  }
  return finish(mixed, rest, prefix.length + text.length);
}

/** MurmurHash3 (x86, 32 bit, seed 0) of bytes, as a signed integer. */
export function murmur3Bytes(bytes: Uint8Array): number {
  restore(empty);
  for (const byte of bytes) feed(byte);
  return finish(hash, pending, length);
}

/** Hashes the common beginning of many strings once. */
export function murmur3Prefix(text: string): MurmurPrefix {
  restore(empty);
  feedText(text);
  return { hash, pending, length };
}

function murmur3Unicode(text: string, prefix: MurmurPrefix): number {
  if (text.length > longText) countWork(text.length);
  restore(prefix);
  feedText(text);
  return finish(hash, pending, length);
}

// One string is hashed at a time, so the state is kept here and not in an object per call.
let hash = 0;
let pending = 0;
let length = 0;

function restore(state: MurmurPrefix): void {
  hash = state.hash;
  pending = state.pending;
  length = state.length;
}

/** Feeds UTF-8 without encoding into a buffer; a lone surrogate is U+FFFD, as in `TextEncoder`. */
function feedText(text: string): void {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      feed(unit);
    } else if (unit < 0x800) {
      feed(0xc0 | (unit >> 6));
      feed(0x80 | (unit & 0x3f));
    } else {
      const point = unit >= 0xd800 && unit <= 0xdfff ? pairAt(text, index) : unit;
      if (point < 0x10000) {
        feed(0xe0 | (point >> 12));
      } else {
        index += 1;
        feed(0xf0 | (point >> 18));
        feed(0x80 | ((point >> 12) & 0x3f));
      }
      feed(0x80 | ((point >> 6) & 0x3f));
      feed(0x80 | (point & 0x3f));
    }
  }
}

function pairAt(text: string, index: number): number {
  const point = text.codePointAt(index) ?? 0;
  return point >= 0x10000 ? point : 0xfffd;
}

function feed(byte: number): void {
  pending |= byte << ((length & 3) << 3);
  length += 1;
  if ((length & 3) === 0) {
    hash = mix(hash, pending);
    pending = 0;
  }
}

function mix(state: number, block: number): number {
  const mixed = state ^ scramble(block);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

/** `rest` are the last bytes, which fill no block; 0 if no bytes are left. */
function finish(state: number, rest: number, bytes: number): number {
  let result = state ^ scramble(rest) ^ bytes;
  result = Math.imul(result ^ (result >>> 16), 0x85ebca6b);
  result = Math.imul(result ^ (result >>> 13), 0xc2b2ae35);
  return result ^ (result >>> 16);
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
