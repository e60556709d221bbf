/**
 * Where a tag comes from. A claim is read from the JWT in the `authorization` header **without
 * verification**: use such a tag only to distinguish requests in signals, since any caller can
 * claim it.
 */
export type TagSource =
  | { readonly header: string }
  | { readonly cookie: string }
  | { readonly claim: string }
  | { readonly metadata: string };

/** Headers as `node:http` has them, or the Metadata of gRPC. */
export type TagCarrier =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(key: string): readonly (string | Uint8Array)[] };

const longestValue = 128;
const longestToken = 8192;

/**
 * The value of a tag; undefined if the carrier has no such value, or one longer than 128
 * characters.
 */
export function readTag(source: TagSource, carrier: TagCarrier): string | undefined {
  const value = rawValue(source, carrier);
  return value !== undefined && value !== '' && value.length <= longestValue ? value : undefined;
}

/** @throws {TypeError} if the source does not exist. */
export function checkTagSource(name: string, source: TagSource): void {
  const [kind = '', key, ...more] = Object.entries(source).flat() as unknown[];
  if (
    ['header', 'cookie', 'claim', 'metadata'].includes(String(kind)) &&
    typeof key === 'string' &&
    more.length === 0
  ) {
    return;
  }
  throw new TypeError(
    `the tag "${name}" has the source ${JSON.stringify(source)}: use { header }, { cookie }, { claim } or { metadata }, e.g. { header: "x-tenant" }`,
  );
}

function rawValue(source: TagSource, carrier: TagCarrier): string | undefined {
  if ('header' in source) return valueIn(carrier, source.header);
  if ('metadata' in source) return valueIn(carrier, source.metadata);
  if ('cookie' in source) return cookieIn(valueIn(carrier, 'cookie') ?? '', source.cookie);
  return claimIn(valueIn(carrier, 'authorization') ?? '', source.claim);
}

function valueIn(carrier: TagCarrier, name: string): string | undefined {
  const key = name.toLowerCase();
  const value = isMetadata(carrier)
    ? carrier.get(key)
    : Object.hasOwn(carrier, key)
      ? carrier[key]
      : undefined;
  const first = typeof value === 'string' ? value : value?.[0];
  return typeof first === 'string' ? first : undefined;
}

function isMetadata(carrier: TagCarrier): carrier is Extract<TagCarrier, { get: unknown }> {
  return typeof carrier['get'] === 'function';
}

function cookieIn(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

function claimIn(authorization: string, claim: string): string | undefined {
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  const payload = token !== undefined && token.length <= longestToken ? token.split('.')[1] : undefined;
  if (payload === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown;
    if (typeof claims !== 'object' || claims === null || !Object.hasOwn(claims, claim)) return undefined;
    const value = (claims as Record<string, unknown>)[claim];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  } catch {
    // Not a JWT: an opaque token has no claims.
    return undefined;
  }
}
