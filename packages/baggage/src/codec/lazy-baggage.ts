import type { Baggage, BaggageEntry } from '@opentelemetry/api';
import { GraylaneBaggage } from './graylane-baggage.ts';
import type { KeyTable } from './key-table.ts';
import { memberOf, toEntry, type Member } from './member.ts';
import { findMember, readMembers, type BaggageLimits } from './parse.ts';

/**
 * In a longer header than W3C's floor, the first lookup reads all members: otherwise a hostile
 * client could make many lookups expensive.
 */
const maxSearched = 8192;

/**
 * Immutable baggage behind OpenTelemetry's interface. A header is read when code looks into it, and
 * no further than needed.
 */
export class LazyBaggage extends GraylaneBaggage {
  /**
   * The header that holds this baggage, if an ingress policy has admitted it: written as it would
   * be sent, own members first, no key twice, no key that `keys` does not have.
   */
  readonly admitted: { readonly header: string; readonly size: number; readonly keys: KeyTable } | undefined;
  readonly #unread: string;
  readonly #limits: BaggageLimits | undefined;
  #members: ReadonlyMap<string, Member> | undefined;

  static readonly empty: LazyBaggage = new LazyBaggage('', new Map());

  /** The baggage of a header; several headers are one list (W3C Baggage, section 3.2). */
  static read(headers: string | readonly string[], limits?: BaggageLimits): LazyBaggage {
    const header = typeof headers === 'string' ? headers : headers.join(',');
    return header === '' ? LazyBaggage.empty : new LazyBaggage(header, undefined, limits);
  }

  /**
   * Baggage that an ingress policy has admitted: a header of `size` members that are known to be
   * well formed.
   */
  static admit(header: string, size: number, keys: KeyTable): LazyBaggage {
    return header === ''
      ? LazyBaggage.empty
      : new LazyBaggage(header, undefined, undefined, { header, size, keys });
  }

  static fromMembers(members: Iterable<Member>): LazyBaggage {
    const byKey = new Map<string, Member>();
    for (const member of members) byKey.set(member.key, member);
    return new LazyBaggage('', byKey);
  }

  /** Any implementation's baggage as one of ours, as it is now. */
  static of(baggage: Baggage): LazyBaggage {
    if (baggage instanceof GraylaneBaggage) return baggage.current;
    return LazyBaggage.fromMembers(baggage.getAllEntries().map(([key, entry]) => memberOf(key, entry)));
  }

  private constructor(
    header: string,
    members: ReadonlyMap<string, Member> | undefined,
    limits?: BaggageLimits,
    admitted?: LazyBaggage['admitted'],
  ) {
    super();
    this.admitted = admitted;
    this.#unread = header;
    this.#members = members;
    this.#limits = limits;
  }

  override get current(): LazyBaggage {
    return this;
  }

  get members(): ReadonlyMap<string, Member> {
    return (this.#members ??= readMembers(this.#unread, this.#limits));
  }

  /** How many members there are. */
  get size(): number {
    return this.admitted?.size ?? this.members.size;
  }

  /** One member; the others of the header need not be read for it. */
  member(key: string): Member | undefined {
    const isRead = this.#members !== undefined || this.#limits !== undefined;
    return isRead || this.#unread.length > maxSearched
      ? this.members.get(key)
      : findMember(this.#unread, key);
  }

  override getEntry(key: string): BaggageEntry | undefined {
    const member = this.member(key);
    return member && toEntry(member);
  }

  override getAllEntries(): [string, BaggageEntry][] {
    return Array.from(this.members.values(), (member) => [member.key, toEntry(member)]);
  }

  setEntry(key: string, entry: BaggageEntry): LazyBaggage {
    return this.withMember(memberOf(key, entry));
  }

  withMember(member: Member): LazyBaggage {
    const members = new Map<string, Member>();
    for (const other of this.members.values()) members.set(other.key, other);
    return new LazyBaggage('', members.set(member.key, member));
  }

  removeEntry(key: string): LazyBaggage {
    return this.filter((other) => other !== key);
  }

  removeEntries(...keys: string[]): LazyBaggage {
    return this.filter((key) => !keys.includes(key));
  }

  clear(): LazyBaggage {
    return LazyBaggage.empty;
  }

  /** The members whose keys are to stay; the very same baggage if all of them are. */
  filter(keep: (key: string) => boolean): LazyBaggage {
    for (const key of this.members.keys()) {
      if (!keep(key))
        return LazyBaggage.fromMembers([...this.members.values()].filter((one) => keep(one.key)));
    }
    return this;
  }
}

/**
 * Reads one or several `baggage` headers as one list (W3C Baggage, section 3). Malformed members
 * are left out and counted; of several with one key the last wins. Never throws, takes time linear
 * in the length of the header, and reads when code looks into it.
 */
export function parseBaggage(header: string | readonly string[], limits?: BaggageLimits): Baggage {
  return LazyBaggage.read(header, limits);
}
