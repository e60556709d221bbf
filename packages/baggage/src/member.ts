import {
  baggageEntryMetadataFromString,
  type BaggageEntry,
  type BaggageEntryMetadata,
} from '@opentelemetry/api';
import { decodeValue, encodeValue, isEncodedValue, isToken, trim } from './grammar.ts';

/** One member as it came in: valid, and forwarded as it is. */
export class Member implements BaggageEntry {
  /** Key, value and properties as on the wire. */
  readonly text: string;
  readonly metadata?: BaggageEntryMetadata;
  readonly #value: string;

  constructor(key: string, value: string, properties: string | undefined) {
    this.text = properties === undefined ? `${key}=${value}` : `${key}=${value};${properties}`;
    this.#value = value;
    if (properties !== undefined) this.metadata = baggageEntryMetadataFromString(properties);
  }

  get value(): string {
    return decodeValue(this.#value);
  }
}

/** A member as it stands on the wire, or undefined where its key can't stand there. Properties that can't are left out. */
export function formatMember(key: string, entry: BaggageEntry): string | undefined {
  if (entry instanceof Member) return entry.text;
  if (!isToken(key)) return undefined;
  const properties = formatProperties(entry.metadata?.toString() ?? '');
  return `${key}=${encodeValue(entry.value)}${properties}`;
}

/** Reads `key=value;properties`; undefined where the grammar does not allow it. Returns the key beside the member. */
export function parseMember(text: string): [string, Member] | undefined {
  const semicolon = text.indexOf(';');
  const pair = semicolon < 0 ? text : text.slice(0, semicolon);
  const equals = pair.indexOf('=');
  if (equals < 0) return undefined;
  const key = trim(pair.slice(0, equals));
  const value = trim(pair.slice(equals + 1));
  if (!isToken(key) || !isEncodedValue(value)) return undefined;
  if (semicolon < 0) return [key, new Member(key, value, undefined)];
  const properties = parseProperties(text.slice(semicolon + 1));
  return properties === undefined ? undefined : [key, new Member(key, value, properties)];
}

/** Properties without white space, or undefined where one of them is not allowed. */
function parseProperties(text: string): string | undefined {
  const properties = text.split(';').map((property) => {
    const equals = property.indexOf('=');
    if (equals < 0) return isToken(trim(property)) ? trim(property) : undefined;
    const [key, value] = [trim(property.slice(0, equals)), trim(property.slice(equals + 1))];
    return isToken(key) && isEncodedValue(value) ? `${key}=${value}` : undefined;
  });
  return properties.includes(undefined) ? undefined : properties.join(';');
}

/** Properties that code has set, as one text: each is checked and encoded, so that none of them can forge a member. */
function formatProperties(text: string): string {
  if (text === '') return '';
  return text
    .split(';')
    .map((property) => {
      const equals = property.indexOf('=');
      const key = trim(equals < 0 ? property : property.slice(0, equals));
      if (!isToken(key)) return '';
      if (equals < 0) return `;${key}`;
      const value = trim(property.slice(equals + 1));
      return `;${key}=${isEncodedValue(value) ? value : encodeValue(value)}`;
    })
    .join('');
}
