import type { Baggage, BaggageEntry } from '@opentelemetry/api';
import { count } from './counters.ts';
import { formatMember, parseMember, type Member } from './member.ts';

/** How much baggage is taken and sent; more is dropped by whole members. The defaults are W3C's floor (section 3.3.2). */
export interface BaggageLimits {
  /** Members. Default: 64. */
  readonly members?: number;
  /** Bytes of the header, commas included. Default: 8192. */
  readonly bytes?: number;
}

/** Of a longer header only so many characters are read: what comes in may be hostile. */
const maxRead = 65_536;

/** Immutable baggage behind OpenTelemetry's interface. A header is parsed when somebody looks. */
export class W3cBaggage implements Baggage {
  readonly #header: string;
  #members: ReadonlyMap<string, BaggageEntry> | undefined;

  static readonly empty: W3cBaggage = new W3cBaggage('', new Map());

  static fromHeader(header: string): W3cBaggage {
    return new W3cBaggage(header, undefined);
  }

  static fromEntries(entries: Iterable<readonly [string, BaggageEntry]>): W3cBaggage {
    return new W3cBaggage('', new Map(entries));
  }

  private constructor(header: string, members: ReadonlyMap<string, BaggageEntry> | undefined) {
    this.#header = header;
    this.#members = members;
  }

  get members(): ReadonlyMap<string, BaggageEntry> {
    return (this.#members ??= parseMembers(this.#header));
  }

  getEntry(key: string): BaggageEntry | undefined {
    return this.members.get(key);
  }

  getAllEntries(): [string, BaggageEntry][] {
    return [...this.members];
  }

  setEntry(key: string, entry: BaggageEntry): W3cBaggage {
    return W3cBaggage.fromEntries([...this.members, [key, entry]]);
  }

  removeEntry(key: string): W3cBaggage {
    return this.removeEntries(key);
  }

  removeEntries(...keys: string[]): W3cBaggage {
    return this.filter((key) => !keys.includes(key));
  }

  clear(): W3cBaggage {
    return W3cBaggage.empty;
  }

  filter(keep: (key: string) => boolean): W3cBaggage {
    return W3cBaggage.fromEntries([...this.members].filter(([key]) => keep(key)));
  }
}

/**
 * Reads one or several `baggage` headers as one list (W3C Baggage, section 3). Malformed members are left out and counted, the last
 * of several with one key wins. Never throws, and is linear in the length of the header.
 */
export function parseBaggage(header: string | readonly string[]): Baggage {
  return W3cBaggage.fromHeader(typeof header === 'string' ? header : header.join(','));
}

/** What `formatBaggage` writes. */
export interface FormatOptions {
  /** The keys to write. Default: all. */
  readonly keys?: { has(key: string): boolean };
  /** The keys that go first, so that they never fall to the limits. Default: `lane`, then `pins`. */
  readonly first?: readonly string[];
  readonly limits?: BaggageLimits;
}

/** Writes baggage as a header: valid W3C whatever was put in, the lane first, whole members only. Empty where there is nothing to send. */
export function formatBaggage(
  baggage: Baggage,
  { keys, first = ['lane', 'pins'], limits = {} }: FormatOptions = {},
): string {
  const { members: maxMembers = 64, bytes: maxBytes = 8192 } = limits;
  const written: string[] = [];
  let length = 0;
  for (const [key, entry] of inOrder(baggage.getAllEntries(), first)) {
    if (keys !== undefined && !keys.has(key)) {
      count('withheld');
      continue;
    }
    const member = formatMember(key, entry);
    if (member === undefined) count('rejected');
    else if (written.length >= maxMembers || length + member.length + 1 > maxBytes + 1) count('dropped');
    else {
      written.push(member);
      length += member.length + 1;
    }
  }
  return written.join(',');
}

function inOrder(
  entries: readonly [string, BaggageEntry][],
  first: readonly string[],
): readonly [string, BaggageEntry][] {
  const [leading] = entries;
  if (leading === undefined || !entries.some(([key], index) => index > 0 && first.includes(key)))
    return entries;
  const rank = (key: string): number => (first.includes(key) ? first.indexOf(key) : first.length);
  return entries.toSorted(([one], [other]) => rank(one) - rank(other));
}

function parseMembers(header: string): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>();
  const end = Math.min(header.length, maxRead);
  for (let start = 0; start < end;) {
    const comma = header.indexOf(',', start);
    const stop = comma < 0 ? header.length : comma;
    // A member that the bound cuts in two is not read: half a member is another one.
    const parsed = stop > maxRead ? undefined : parseMember(header.slice(start, stop));
    if (parsed) members.set(...parsed);
    else if (stop > start) count('rejected');
    start = stop + 1;
  }
  return members;
}
