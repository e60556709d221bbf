import { baggageEntryMetadataFromString, type BaggageEntry } from '@opentelemetry/api';
import { count } from '../counters.ts';
import {
  compacted,
  decodeValue,
  encodeValue,
  endOfCompactMember,
  isEncodedValue,
  isToken,
  trim,
} from './grammar.ts';

/** One member, as it stands on the wire and as OpenTelemetry's interface shows it. */
export interface Member {
  readonly key: string;
  /** Key, value and properties as on the wire; undefined if the key is not a token. */
  readonly text: string | undefined;
  readonly value: string;
  /** Its properties as one string, without the first semicolon. */
  readonly properties: string | undefined;
}

/**
 * The entry that OpenTelemetry's interface returns: a new object, which the caller may change
 * without changing the baggage.
 */
export function toEntry({ value, properties }: Member): BaggageEntry {
  return properties === undefined
    ? { value }
    : { value, metadata: baggageEntryMetadataFromString(properties) };
}

/**
 * A member that code has set. The entry is copied, since the caller's object may change. Never
 * throws, for any value of untyped code.
 */
export function memberOf(key: string, entry: Partial<BaggageEntry> | null | undefined): Member {
  return new SetMember(textOf(key), textOf(entry?.value), textOf(entry?.metadata) || undefined);
}

/**
 * Reads the member between two commas, `key=value;property;property=value`; undefined if it is
 * malformed. Optional white space is removed and a plus sign in the value is encoded; everything
 * else stays as it came.
 */
export function readMember(header: string, start: number, end: number): Member | undefined {
  const whole = header.slice(start, end);
  const text = endOfCompactMember(header, start) === end ? whole : compacted(whole);
  if (text === undefined) return undefined;
  const key = text.slice(0, text.indexOf('='));
  return new ReadMember(key, text.includes('+', key.length) ? withoutPlus(key, text) : text);
}

/**
 * Writes plus signs of the value as `%2B`: OpenTelemetry's propagator for Python reads `+` as a
 * space.
 */
function withoutPlus(key: string, text: string): string {
  const end = text.indexOf(';');
  const valueEnd = end < 0 ? text.length : end;
  return `${key}${text.slice(key.length, valueEnd).replaceAll('+', '%2B')}${text.slice(valueEnd)}`;
}

/** A member of a header: well formed, and forwarded as it stands. */
class ReadMember implements Member {
  readonly key: string;
  readonly text: string;
  #value: string | undefined;

  constructor(key: string, text: string) {
    this.key = key;
    this.text = text;
  }

  get value(): string {
    return (this.#value ??= this.#readValue());
  }

  get properties(): string | undefined {
    const pairEnd = this.text.indexOf(';');
    return pairEnd < 0 ? undefined : this.text.slice(pairEnd + 1);
  }

  #readValue(): string {
    const start = this.key.length + 1;
    // No value has a semicolon in it.
    const end = this.text.indexOf(';', start);
    return decodeValue(this.text.slice(start, end < 0 ? undefined : end));
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

/**
 * Properties that code has set, as one string: each is checked and encoded, so that none of them
 * can forge a member.
 */
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

/** A value that untyped code has set, as a string. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return String(value ?? '');
  } catch {
    // It has no string form, and setting it must not break a request.
    return '';
  }
}
