import type { Baggage, BaggageEntry } from '@opentelemetry/api';
import { memberOf, toEntry, type Member } from './member.ts';
import { findMember, readMembers, type BaggageLimits } from './parse.ts';

/** In a longer header than the floor, one look reads all: somebody may want to make many looks expensive. */
const maxSearched = 8192;

/** Immutable baggage behind OpenTelemetry's interface. A header is read when somebody looks, and no further than needed. */
export class W3cBaggage implements Baggage {
  /** The header that this baggage came in whole, as long as nothing has been changed. */
  readonly header: string | undefined;
  readonly #unread: string;
  readonly #limits: BaggageLimits | undefined;
  #members: ReadonlyMap<string, Member> | undefined;

  static readonly empty: W3cBaggage = new W3cBaggage(undefined, new Map());

  /** What a header holds; several are one list. */
  static read(headers: string | readonly string[], limits?: BaggageLimits): W3cBaggage {
    const header = typeof headers === 'string' ? headers : headers.join(',');
    return header === '' ? W3cBaggage.empty : new W3cBaggage(header, undefined, limits);
  }

  static fromMembers(members: Iterable<Member>): W3cBaggage {
    const byKey = new Map<string, Member>();
    for (const member of members) byKey.set(member.key, member);
    return new W3cBaggage(undefined, byKey);
  }

  private constructor(
    header: string | undefined,
    members: ReadonlyMap<string, Member> | undefined,
    limits?: BaggageLimits,
  ) {
    this.header = limits === undefined ? header : undefined;
    this.#unread = header ?? '';
    this.#members = members;
    this.#limits = limits;
  }

  get members(): ReadonlyMap<string, Member> {
    return (this.#members ??= readMembers(this.#unread, this.#limits));
  }

  /** One member; the others of the header need not be read for it. */
  member(key: string): Member | undefined {
    const isRead = this.#members !== undefined || this.header === undefined;
    return isRead || this.#unread.length > maxSearched
      ? this.members.get(key)
      : findMember(this.#unread, key);
  }

  getEntry(key: string): BaggageEntry | undefined {
    const member = this.member(key);
    return member && toEntry(member);
  }

  getAllEntries(): [string, BaggageEntry][] {
    return Array.from(this.members.values(), (member) => [member.key, toEntry(member)]);
  }

  setEntry(key: string, entry: BaggageEntry): W3cBaggage {
    return this.withMember(memberOf(key, entry));
  }

  withMember(member: Member): W3cBaggage {
    const members = new Map<string, Member>();
    for (const other of this.members.values()) members.set(other.key, other);
    return new W3cBaggage(undefined, members.set(member.key, member));
  }

  removeEntry(key: string): W3cBaggage {
    return this.filter((other) => other !== key);
  }

  removeEntries(...keys: string[]): W3cBaggage {
    return this.filter((key) => !keys.includes(key));
  }

  clear(): W3cBaggage {
    return W3cBaggage.empty;
  }

  /** The members whose keys are to stay; the very same baggage where all of them are. */
  filter(keep: (key: string) => boolean): W3cBaggage {
    for (const key of this.members.keys()) {
      if (!keep(key))
        return W3cBaggage.fromMembers([...this.members.values()].filter((one) => keep(one.key)));
    }
    return this;
  }
}

/**
 * Reads one or several `baggage` headers as one list (W3C Baggage, section 3). Malformed members are left out and counted, the last
 * of several with one key wins. Never throws, is linear in the length of the header, and reads when somebody looks.
 */
export function parseBaggage(header: string | readonly string[], limits?: BaggageLimits): Baggage {
  return W3cBaggage.read(header, limits);
}
