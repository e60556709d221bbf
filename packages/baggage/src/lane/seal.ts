// The value of a seal, the member that authenticates a lane or pins. docs/mark-format.md specifies
// it.

/** A seal that has been read. */
export interface Seal {
  /** How many services of ours the mark has passed. */
  readonly hops: number;
  /** In seconds since 1970, as it stands on the wire; empty if the mark does not expire. */
  readonly expiry: string;
  /** The key, the audience and the signature; undefined if the seal is not signed. */
  readonly signed: Signed | undefined;
}

/** The signed part of a seal. */
export interface Signed {
  readonly keyId: string;
  readonly audience: string;
  /** HMAC-SHA256 as base64url, without padding: 43 characters. */
  readonly signature: string;
}

const version = '1';
const seals = /^1\.(\d{1,6})\.([1-9]\d{0,11})?(?:\.([\w~-]+)\.([\w~-]+)\.([\w-]{43}))?$/;

/** Parses the value of a seal; undefined if it is not a seal of this version. */
export function parseSeal(value: string): Seal | undefined {
  const parts = seals.exec(value);
  if (parts === null) return undefined;
  const [, hops = '', expiry = '', keyId, audience, signature = ''] = parts;
  if (keyId === undefined || audience === undefined) return { hops: Number(hops), expiry, signed: undefined };
  const [plainKeyId, plainAudience] = [unescapeField(keyId), unescapeField(audience)];
  if (plainKeyId === undefined || plainAudience === undefined) return undefined;
  return {
    hops: Number(hops),
    expiry,
    signed: { keyId: plainKeyId, audience: plainAudience, signature },
  };
}

/** Writes the value of a seal. */
export function formatSeal({ hops, expiry, signed }: Seal): string {
  const unsigned = `${version}.${hops}.${expiry}`;
  if (signed === undefined) return unsigned;
  const { keyId, audience, signature } = signed;
  return `${unsigned}.${escapeField(keyId)}.${escapeField(audience)}.${signature}`;
}

/** The value of a well-formed seal with another hop count. */
export function withHops(value: string, hops: number): string {
  const start = version.length + 1;
  return `${version}.${hops}${value.slice(value.indexOf('.', start))}`;
}

const encoder = new TextEncoder();
const plainField = /^[\w-]*$/;

/**
 * Writes a string in characters that no propagator encodes, without the dot that separates fields:
 * every UTF-8 byte but letters, digits, hyphen and underscore becomes `~` and two hexadecimal
 * digits in lower case.
 */
export function escapeField(field: string): string {
  if (plainField.test(field)) return field;
  let escaped = '';
  for (const byte of encoder.encode(field)) {
    const character = String.fromCharCode(byte);
    escaped += plainField.test(character) ? character : `~${byte.toString(16).padStart(2, '0')}`;
  }
  return escaped;
}

/**
 * Reads what `escapeField` wrote; undefined for anything else, so that a string has one form only.
 */
export function unescapeField(escaped: string): string | undefined {
  if (plainField.test(escaped)) return escaped;
  if (!/^(?:[\w-]|~[\da-f]{2})*$/.test(escaped)) return undefined;
  try {
    const field = decodeURIComponent(escaped.replaceAll('~', '%'));
    return escapeField(field) === escaped ? field : undefined;
  } catch {
    // Not UTF-8, so `escapeField` did not write it.
    return undefined;
  }
}
