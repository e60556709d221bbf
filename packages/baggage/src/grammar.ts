// The grammar of W3C Baggage ("Baggage HTTP header format", section 3.2), and its percent-encoding.

const tokenClass = 1;
const octetClass = 2;
const classes = new Uint8Array(128);
for (const character of "!#$%&'*+-.^_`|~0123456789") mark(character, tokenClass);
for (let code = 0x41; code <= 0x5a; code += 1) {
  mark(String.fromCharCode(code), tokenClass);
  mark(String.fromCharCode(code + 0x20), tokenClass);
}
for (let code = 0x21; code < 0x7f; code += 1) {
  const character = String.fromCharCode(code);
  if (!'",;\\'.includes(character)) mark(character, octetClass);
}

/** What must be encoded: everything that is no baggage octet, and the percent sign itself. */
const unsafe = /[^\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+/;
const unsafeRuns = new RegExp(unsafe, 'g');
const loneSurrogates = /[\uD800-\uDFFF]/gu;
/** A byte order mark is a character like any other here. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Where a run of characters that a key may have ends; `start` where there is none. */
export function endOfToken(text: string, start: number, end: number): number {
  return endOf(tokenClass, text, start, end);
}

/** Where a run of characters that a value may have on the wire ends; `start` where there is none. */
export function endOfOctets(text: string, start: number, end: number): number {
  return endOf(octetClass, text, start, end);
}

/** Where optional white space (spaces and tabs) ends. */
export function endOfSpace(text: string, start: number, end: number): number {
  let index = start;
  while (index < end && isSpace(text.charCodeAt(index))) index += 1;
  return index;
}

/** Whether this is the code of optional white space: a space or a tab. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Drops the optional white space around a part. */
export function trim(text: string): string {
  const start = endOfSpace(text, 0, text.length);
  let end = text.length;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Whether a text can be the key of a member or of a property. */
export function isToken(text: string): boolean {
  return text !== '' && endOfToken(text, 0, text.length) === text.length;
}

/** Whether a text is a value as it stands on the wire: baggage octets alone. */
export function isEncodedValue(text: string): boolean {
  return endOfOctets(text, 0, text.length) === text.length;
}

/** A value as it stands on the wire. Lone surrogates become U+FFFD. */
export function encodeValue(value: string): string {
  if (!unsafe.test(value)) return value;
  // A run never ends between two surrogates, since neither may stand there.
  return value.replaceAll(loneSurrogates, '\uFFFD').replaceAll(unsafeRuns, encodeURIComponent);
}

/** The value that stands on the wire in this form. Octets that are no UTF-8 become U+FFFD; a percent sign without two digits stays. */
export function decodeValue(encoded: string): string {
  if (!encoded.includes('%')) return encoded;
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Not well formed, so octet by octet.
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

function endOf(characters: number, text: string, start: number, end: number): number {
  let index = start;
  while (index < end && isOf(characters, text.charCodeAt(index))) index += 1;
  return index;
}

function isOf(characters: number, code: number): boolean {
  return code < 128 && ((classes[code] ?? 0) & characters) !== 0;
}

function mark(character: string, characters: number): void {
  const code = character.charCodeAt(0);
  classes[code] = (classes[code] ?? 0) | characters;
}
