import { baggageEntryMetadataFromString, type BaggageEntry } from '@opentelemetry/api';
import { count } from './counters.ts';
import {
  decodeValue,
  encodeValue,
  endOfOctets,
  endOfSpace,
  endOfToken,
  isEncodedValue,
  isToken,
  trim,
} from './grammar.ts';

const equalsSign = 0x3d;
const semicolon = 0x3b;

/** One member, as it stands on the wire and as OpenTelemetry's interface shows it. */
export interface Member {
  readonly key: string;
  /** Key, value and properties as on the wire; undefined where the key can't stand there. */
  readonly text: string | undefined;
  readonly value: string;
  /** Its properties as one text, without the first semicolon. */
  readonly properties: string | undefined;
}

/** What code that looks at the baggage gets to see: an object of its own, which it may change without changing the baggage. */
export function toEntry({ value, properties }: Member): BaggageEntry {
  return properties === undefined
    ? { value }
    : { value, metadata: baggageEntryMetadataFromString(properties) };
}

/** A member that code has set. What it holds is copied: the caller's object may change. Never throws, whatever untyped code passes. */
export function memberOf(key: string, entry: Partial<BaggageEntry> | null | undefined): Member {
  return new SetMember(textOf(key), textOf(entry?.value), textOf(entry?.metadata) || undefined);
}

/** A property of a member, decoded; of several with one key the first counts. Without a value it is empty text. */
export function propertyOf({ properties }: Member, key: string): string | undefined {
  const span = properties === undefined ? undefined : spanOf(properties, key);
  return span && decodeValue(properties?.slice(...span) ?? '');
}

/** The same member with this value of a property, in octets that may stand there; it comes last where the member has no such property. */
export function withProperty(member: Member, key: string, value: string): Member {
  const { text } = member;
  if (text === undefined) return member;
  // No value has a semicolon in it.
  const pairEnd = text.indexOf(';');
  if (pairEnd < 0) return new ReadMember(member.key, text, `${key}=${value}`);
  const written = text.slice(pairEnd + 1);
  const [start, end] = spanOf(written, key) ?? [];
  const changed =
    start === undefined
      ? `${written};${key}=${value}`
      : `${written.slice(0, start)}${value}${written.slice(end)}`;
  return new ReadMember(member.key, text.slice(0, pairEnd), changed);
}

/** Where the value of the first property with this key stands. */
function spanOf(properties: string, key: string): [start: number, end: number] | undefined {
  for (let at = 0; at <= properties.length;) {
    const semicolonAt = properties.indexOf(';', at);
    const end = semicolonAt < 0 ? properties.length : semicolonAt;
    const keyEnd = at + key.length;
    if (properties.startsWith(key, at)) {
      if (keyEnd === end) return [end, end];
      if (properties.charCodeAt(keyEnd) === equalsSign) return [keyEnd + 1, end];
    }
    at = end + 1;
  }
  return undefined;
}

/**
 * Reads the member between two commas, `key=value;property;property=value`; undefined where the grammar does not allow it. White
 * space falls away, all else stays as it came.
 */
export function readMember(header: string, start: number, end: number): Member | undefined {
  const keyStart = endOfSpace(header, start, end);
  const keyEnd = endOfToken(header, keyStart, end);
  const equals = endOfSpace(header, keyEnd, end);
  if (keyEnd === keyStart || equals >= end || header.charCodeAt(equals) !== equalsSign) return undefined;
  const valueStart = endOfSpace(header, equals + 1, end);
  const valueEnd = endOfOctets(header, valueStart, end);
  const next = endOfSpace(header, valueEnd, end);
  const key = header.slice(keyStart, keyEnd);
  const pair =
    keyEnd + 1 === valueStart
      ? header.slice(keyStart, valueEnd)
      : `${key}=${header.slice(valueStart, valueEnd)}`;
  if (next === end) return new ReadMember(key, pair, undefined);
  if (header.charCodeAt(next) !== semicolon) return undefined;
  const properties = readProperties(header, next + 1, end);
  if (properties === undefined) return undefined;
  const whole = pair.length + 1 + properties.length;
  // A slice is a look at the header; what is put together would be copied as soon as somebody compares it.
  return whole === end - keyStart
    ? new ReadMember(key, pair, properties, header.slice(keyStart, end))
    : new ReadMember(key, pair, properties);
}

/** A member as it came in: valid, and forwarded as it is. */
class ReadMember implements Member {
  readonly key: string;
  readonly text: string;
  readonly properties: string | undefined;
  readonly #pair: string;
  #value: string | undefined;

  constructor(
    key: string,
    pair: string,
    properties: string | undefined,
    text = properties === undefined ? pair : `${pair};${properties}`,
  ) {
    this.key = key;
    this.#pair = pair;
    this.properties = properties;
    this.text = text;
  }

  get value(): string {
    return (this.#value ??= decodeValue(this.#pair.slice(this.key.length + 1)));
  }
}

class SetMember implements Member {
  readonly key: string;
  readonly value: string;
  readonly properties: string | undefined;
  #text: string | undefined;

  constructor(key: string, value: string, properties: string | undefined) {
    this.key = key;
    this.value = value;
    this.properties = properties;
  }

  get text(): string | undefined {
    if (!isToken(this.key)) return undefined;
    return (this.#text ??= `${this.key}=${encodeValue(this.value)}${formatProperties(this.properties)}`);
  }
}

/** Properties without white space, or undefined where one of them is not allowed. */
function readProperties(header: string, start: number, end: number): string | undefined {
  let spaces = 0;
  for (let at = start; ;) {
    const keyStart = endOfSpace(header, at, end);
    const keyEnd = endOfToken(header, keyStart, end);
    if (keyEnd === keyStart) return undefined;
    const equals = endOfSpace(header, keyEnd, end);
    const hasValue = equals < end && header.charCodeAt(equals) === equalsSign;
    const valueStart = hasValue ? endOfSpace(header, equals + 1, end) : keyEnd;
    const valueEnd = hasValue ? endOfOctets(header, valueStart, end) : keyEnd;
    const next = endOfSpace(header, valueEnd, end);
    spaces += keyStart - at + (next - valueEnd) + (hasValue ? valueStart - keyEnd - 1 : 0);
    at = next;
    if (at === end) break;
    if (header.charCodeAt(at) !== semicolon) return undefined;
    at += 1;
  }
  return spaces === 0 ? header.slice(start, end) : header.slice(start, end).replaceAll(/[ \t]+/g, '');
}

/** Properties that code has set, as one text: each is checked and encoded, so that none of them can forge a member. */
function formatProperties(text = ''): string {
  let formatted = '';
  for (const property of text === '' ? [] : text.split(';')) {
    const equals = property.indexOf('=');
    const key = trim(equals < 0 ? property : property.slice(0, equals));
    const value = equals < 0 ? undefined : trim(property.slice(equals + 1));
    if (!isToken(key)) count('rejected');
    else if (value === undefined) formatted += `;${key}`;
    else formatted += `;${key}=${isEncodedValue(value) ? value : encodeValue(value)}`;
  }
  return formatted;
}

/** Whatever untyped code has put there, as text. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return String(value ?? '');
  } catch {
    // It has no text, and setting it must not break a request.
    return '';
  }
}
