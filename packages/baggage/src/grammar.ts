// The grammar of W3C Baggage ("Baggage HTTP header format", section 3.2), and its percent-encoding.

const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const octets = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
/** What must be encoded: everything that is no baggage octet, and the percent sign itself. */
const unsafe = /[^\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Whether a text can be the key of a member or of a property. */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** Whether a text is a value as it stands on the wire: baggage octets alone. */
export function isEncodedValue(text: string): boolean {
  return octets.test(text);
}

/** A value as it stands on the wire. Lone surrogates become U+FFFD. */
export function encodeValue(value: string): string {
  if (!unsafe.test(value)) return value;
  let encoded = '';
  for (const byte of encoder.encode(value)) {
    const character = String.fromCharCode(byte);
    encoded += unsafe.test(character) ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}` : character;
  }
  return encoded;
}

/** The value that stands on the wire in this form. Octets that are no UTF-8 become U+FFFD; a percent sign without two digits stays. */
export function decodeValue(encoded: string): string {
  if (!encoded.includes('%')) return encoded;
  const bytes: number[] = [];
  for (let index = 0; index < encoded.length; index += 1) {
    const hex =
      encoded[index] === '%' ? /^[\da-fA-F]{2}/.exec(encoded.slice(index + 1, index + 3))?.[0] : undefined;
    bytes.push(hex === undefined ? encoded.charCodeAt(index) : Number.parseInt(hex, 16));
    if (hex !== undefined) index += 2;
  }
  return decoder.decode(Uint8Array.from(bytes));
}

/** Drops the optional white space (spaces and tabs) around a part. */
export function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
