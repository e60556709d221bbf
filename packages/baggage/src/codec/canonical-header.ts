import { isEncodedValue, isToken } from './grammar.ts';
import { pinsKey } from '../lane/pins.ts';

/** W3C's floor (section 3.3.2): more than this need not be forwarded whole. */
const mostBytes = 8192;
const mostMembers = 64;

const equalsSign = 0x3d;
const semicolon = 0x3b;
const comma = 0x2c;

const tokenClass = 1;
const octetClass = 2;
/** The classes of the grammar, by byte. That no byte beyond ASCII has one, nor zero, ends every run. */
const classes = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return (isToken(character) ? tokenClass : 0) | (isEncodedValue(character) ? octetClass : 0);
});

/** The header that is looked at: as bytes it takes a third of the time that the characters of a text take. A zero follows it. */
const bytes = new Uint8Array(mostBytes + 1);
const encoder = new TextEncoder();
/** A header of no more characters is laid out before the encoder would have been called. */
const short = 24;

/** The keys that go first, so that they never fall to the limits. */
export const goFirst: readonly string[] = ['lane', pinsKey];

/**
 * Whether a header is exactly as `formatBaggage` would write it: nothing malformed, no white space, no key twice, within W3C's floor,
 * and the keys that go first do. Such a header is forwarded as it is, and this is all that it costs.
 */
export function isCanonical(header: string): boolean {
  if (!layOut(header)) return false;
  forgetKeys();
  let rank = 0;
  for (let start = 0, members = 1; members <= mostMembers; members += 1) {
    const keyEnd = endOf(tokenClass, start);
    if (keyEnd === start || bytes[keyEnd] !== equalsSign) return false;
    const look = lookOf(start, keyEnd);
    const own = rankOf(look, start, keyEnd);
    if (own < rank || isRepeated(look)) return false;
    rank = own;
    let end = endOf(octetClass, keyEnd + 1);
    while (bytes[end] === semicolon) {
      const property = end + 1;
      end = endOfProperty(property);
      if (end === property) return false;
    }
    if (end === header.length) return true;
    if (bytes[end] !== comma) return false;
    start = end + 1;
  }
  return false;
}

/** False where it is too long, or not ASCII alone. */
function layOut(header: string): boolean {
  const { length } = header;
  if (length > mostBytes) return false;
  if (length > short) {
    if (encoder.encodeInto(header, bytes).written !== length) return false;
  } else {
    for (let index = 0; index < length; index += 1) {
      const code = header.charCodeAt(index);
      if (code > 127) return false;
      bytes[index] = code;
    }
  }
  bytes[length] = 0;
  return true;
}

function endOf(characters: number, start: number): number {
  let end = start;
  while (((classes[bytes[end] ?? 0] ?? 0) & characters) !== 0) end += 1;
  return end;
}

/** Where a property ends; `start` where none begins here. */
function endOfProperty(start: number): number {
  const keyEnd = endOf(tokenClass, start);
  return keyEnd > start && bytes[keyEnd] === equalsSign ? endOf(octetClass, keyEnd + 1) : keyEnd;
}

/**
 * How the keys of the header look, in twice as many slots as there can be keys, so that there is always a free one. Plain arrays: in a
 * process that has ever transferred an `ArrayBuffer`, as `fetch` does, V8 looks at each access whether a typed one is still there.
 */
const looks = Array.from({ length: 2 * mostMembers }, () => 0);
/** In which turn each slot was taken: a new turn forgets all keys at once. */
const turns = Array.from({ length: 2 * mostMembers }, () => 0);
let turn = 0;

function forgetKeys(): void {
  turn = (turn + 1) | 0;
}

/** Keys that look alike are taken for the same one: the header is then written anew, which is slower but no less right. */
function isRepeated(look: number): boolean {
  let slot = look >>> 25;
  for (; turns[slot] === turn; slot = (slot + 1) & 127) if (looks[slot] === look) return true;
  turns[slot] = turn;
  looks[slot] = look;
  return false;
}

/** The place of a key among those that go first; all others come behind. */
function rankOf(look: number, start: number, end: number): number {
  for (let rank = 0; rank < firstLooks.length; rank += 1) {
    if (look === firstLooks[rank] && stands(goFirst[rank] ?? '', start, end)) return rank;
  }
  return firstLooks.length;
}

function stands(key: string, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let index = 0; index < key.length; index += 1) {
    if (bytes[start + index] !== key.charCodeAt(index)) return false;
  }
  return true;
}

/** Made of a key's length and four of its characters. */
function lookOf(start: number, end: number): number {
  const characters =
    ((bytes[start] ?? 0) << 24) |
    ((bytes[(start + end) >> 1] ?? 0) << 16) |
    ((bytes[Math.max(start, end - 2)] ?? 0) << 8) |
    (bytes[end - 1] ?? 0);
  return Math.imul(characters ^ (end - start), 0x9e3779b1);
}

const firstLooks = goFirst.map((key) => {
  layOut(key);
  return lookOf(0, key.length);
});
