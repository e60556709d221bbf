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

/**
 * Reads the member between two commas, `key=value;property;property=value`; undefined where the grammar does not allow it. White
 * space falls away, all else stays as it came.
 */
export function readMember(header: string, start: number, end: number): Member | undefined {
  const whole = header.slice(start, end);
  const text = endOfCompactMember(header, start) === end ? whole : compacted(whole);
  return text === undefined ? undefined : new ReadMember(text.slice(0, text.indexOf('=')), text);
}

/** The same member with this value of a property, in octets that may stand there; it comes last where the member has no such property. */
export function withProperty(member: Member, key: string, value: string): Member {
  const { text } = member;
  if (text === undefined) return member;
  // No value has a semicolon in it.
  const assignment = `;${key}=`;
  const at = text.indexOf(assignment);
  if (at < 0) return new ReadMember(member.key, `${text}${assignment}${value}`);
  const start = at + assignment.length;
  const end = text.indexOf(';', start);
  const rest = end < 0 ? '' : text.slice(end);
  return new ReadMember(member.key, `${text.slice(0, start)}${value}${rest}`);
}

/** A member as it came in: valid, and forwarded as it is. */
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
