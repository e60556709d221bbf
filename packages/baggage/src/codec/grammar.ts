// The grammar of W3C Baggage ("Baggage HTTP header format", section 3.2), and its percent-encoding.

const token = String.raw`[!#$%&'*+\-.^_\x60|~\dA-Za-z]+`;
const octets = String.raw`[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+`;
const space = String.raw`[ \t]*`;
const wholeToken = new RegExp(`^${token}$`);
const wholeValue = new RegExp(`^(?:${octets})?$`);
// The character that ends a part is never a character of that part, so there is one way to match
// and failing is linear, too.
const compactValue = `=(?:${octets})?`;
const compactMember = new RegExp(`${token}${compactValue}(?:;${token}(?:${compactValue})?)*`, 'y');
const spacedValue = `=${space}(?:${octets}${space})?`;
const spacedMember = new RegExp(
  `^${space}${token}${space}${spacedValue}(?:;${space}${token}${space}(?:${spacedValue})?)*$`,
);
const spaces = /[ \t]+/g;

/**
 * The characters to encode: everything but baggage octets, the percent sign, and the plus sign,
 * which OpenTelemetry's propagator for Python reads as a space.
 */
const unsafe = /[^\x21\x23\x24\x26-\x2a\x2d-\x3a\x3c-\x5b\x5d-\x7e]+/;
const unsafeRuns = new RegExp(unsafe, 'g');
const loneSurrogates = /[\uD800-\uDFFF]/gu;
/** A byte order mark is a character like any other here. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Where a member that begins here ends, if there is no white space in it; `start` if it is
 * malformed.
 */
export function endOfCompactMember(header: string, start: number): number {
  compactMember.lastIndex = start;
  return compactMember.test(header) ? compactMember.lastIndex : start;
}

/** A member without the optional white space in it; undefined if it is malformed. */
export function compacted(member: string): string | undefined {
  return spacedMember.test(member) ? member.replaceAll(spaces, '') : undefined;
}

/** Whether this is the code of optional white space: a space or a tab. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Removes the optional white space around a part. */
export function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Whether a string can be the key of a member or of a property. */
export function isToken(text: string): boolean {
  return wholeToken.test(text);
}

/** Whether a string is a value as it stands on the wire: baggage octets only. */
export function isEncodedValue(text: string): boolean {
  return wholeValue.test(text);
}

/** A value as it stands on the wire. Lone surrogates become U+FFFD. */
export function encodeValue(value: string): string {
  if (!unsafe.test(value)) return value;
  // A run never ends between two surrogates, since neither may stand there.
  return value.replaceAll(loneSurrogates, '\uFFFD').replaceAll(unsafeRuns, encodeURIComponent);
}

/**
 * The value that this form on the wire encodes. Bytes that are not valid UTF-8 become U+FFFD; a
 * percent sign without two digits stays.
 */
export function decodeValue(encoded: string): string {
  if (!encoded.includes('%')) return encoded;
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Malformed, so byte by byte.
    return decodeOctets(encoded);
  }
}

function decodeOctets(encoded: string): string {
  const bytes = new Uint8Array(encoded.length);
  let length = 0;
  for (let index = 0; index < encoded.length; index += 1) {
    const digits = encoded[index] === '%' ? encoded.slice(index + 1, index + 3) : '';
    const isOctet = /^[\da-fA-F]{2}$/.test(digits);
    bytes[length] = isOctet ? Number.parseInt(digits, 16) : encoded.charCodeAt(index);
    length += 1;
    if (isOctet) index += 2;
  }
  return decoder.decode(bytes.subarray(0, length));
}
