const token = String.raw`[!#$%&'*+\-.^_\x60|~\dA-Za-z]+`;
const octets = String.raw`[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*`;
const member = `${token}=${octets}(?:;${token}(?:=${octets})?)*`;
/** Whatever ends a part is no character of it, so there is one way to match, and a failure is as linear as a success. */
const wellFormed = new RegExp(`^${member}(?:,${member})*$`);

/** W3C's floor of members, and a power of two above it, so that the table of their keys is never full. */
const most = 64;
const seen = new Int32Array(128);

/**
 * Whether a header is exactly as `formatBaggage` would write it: nothing malformed, no white space, no key twice, no more than 64
 * members, and the keys that go first do. Such a header is forwarded as it is, and this is all that it costs.
 */
export function isCanonical(header: string, first: readonly string[]): boolean {
  if (!wellFormed.test(header)) return false;
  let rank = 0;
  seen.fill(0);
  for (let start = 0, members = 1; members <= most; members += 1) {
    const keyEnd = header.indexOf('=', start);
    const own = rankOf(header, start, keyEnd, first);
    if (own < rank || isRepeated(header, start, keyEnd)) return false;
    rank = own;
    start = header.indexOf(',', keyEnd) + 1;
    if (start === 0) return true;
  }
  return false;
}

function rankOf(header: string, start: number, end: number, first: readonly string[]): number {
  for (let rank = 0; rank < first.length; rank += 1) {
    const key = first[rank];
    if (key !== undefined && key.length === end - start && header.startsWith(key, start)) return rank;
  }
  return first.length;
}

/** Keys that only look alike are taken for the same one: the header is then written anew, which is slower but no less right. */
function isRepeated(header: string, start: number, end: number): boolean {
  const look =
    Math.imul(header.charCodeAt(end - 1), 0x9e3779b1) ^
    Math.imul(header.charCodeAt(end - 2), 0x85ebca6b) ^
    Math.imul(header.charCodeAt(start), 0xc2b2ae35);
  const hash = (look + end - start) | 0 || 1;
  let slot = hash >>> 25;
  for (; seen[slot] !== 0; slot = (slot + 1) & 127) if (seen[slot] === hash) return true;
  seen[slot] = hash;
  return false;
}
