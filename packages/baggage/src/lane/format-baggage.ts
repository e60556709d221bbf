import type { Baggage } from '@opentelemetry/api';
import { GraylaneBaggage } from '../codec/graylane-baggage.ts';
import type { KeyTable } from '../codec/key-table.ts';
import { LazyBaggage } from '../codec/lazy-baggage.ts';
import type { Member } from '../codec/member.ts';
import type { BaggageLimits } from '../codec/parse.ts';
import { keptMembers, scan } from '../codec/scan.ts';
import { count } from '../counters.ts';
import { defaultLaneKey, ownKeys } from './names.ts';

/** Which members `formatBaggage` writes, and in which order. */
export interface FormatOptions {
  /** The keys to write. Default: all. */
  readonly keys?: { has(key: string): boolean };
  /**
   * The keys that go first, so that the limits never drop them. Default: `lane`, `lane-seal`,
   * `pins`, `pins-seal`.
   */
  readonly first?: readonly string[];
  /** Default: W3C's floor, 64 members and 8192 bytes. */
  readonly limits?: BaggageLimits;
}

const floor = { members: 64, bytes: 8192 };

/**
 * Writes baggage as a header: valid W3C Baggage for any entries, the lane first, whole members
 * only. Empty if there is nothing to send. Never throws.
 */
export function formatBaggage(baggage: Baggage, options: FormatOptions = {}): string {
  const own = baggage instanceof GraylaneBaggage ? baggage.outgoing : LazyBaggage.of(baggage);
  return formatMembers(own.members.values(), options);
}

/** The header of baggage as it leaves with the members that a table has, graylane's own first. */
export function formatAllowed(baggage: LazyBaggage, keys: KeyTable, laneKey: string): string {
  const { admitted } = baggage;
  if (admitted !== undefined && isWithinFloor(admitted)) {
    if (keys.covers(admitted.keys)) return admitted.header;
    const found = scan(admitted.header, keys);
    if (found !== undefined) {
      if (found.stripped > 0) count('withheld', found.stripped);
      return keptMembers(admitted.header, keys);
    }
  }
  return formatMembers(baggage.members.values(), { keys, first: ownKeys(laneKey) });
}

/** The header of baggage as it leaves with all of its members, graylane's own first. */
export function formatAll(baggage: LazyBaggage, laneKey: string): string {
  const { admitted } = baggage;
  if (admitted !== undefined && isWithinFloor(admitted)) return admitted.header;
  return formatMembers(baggage.members.values(), { first: ownKeys(laneKey) });
}

function isWithinFloor({ header, size }: NonNullable<LazyBaggage['admitted']>): boolean {
  return size <= floor.members && header.length <= floor.bytes;
}

function formatMembers(
  members: Iterable<Member>,
  { keys, first = ownKeys(defaultLaneKey), limits = {} }: FormatOptions,
): string {
  const { members: maxMembers = floor.members, bytes: maxBytes = floor.bytes } = limits;
  const written: string[] = [];
  let length = -1;
  for (const member of inOrder(members, first)) {
    if (keys !== undefined && !keys.has(member.key)) count('withheld');
    else if (member.text === undefined) count('rejected');
    else if (written.length >= maxMembers || length + 1 + member.text.length > maxBytes) count('dropped');
    else {
      written.push(member.text);
      length += 1 + member.text.length;
    }
  }
  return written.join(',');
}

function inOrder(members: Iterable<Member>, first: readonly string[]): readonly Member[] {
  const all = [...members];
  if (!all.some(({ key }, index) => index > 0 && first.includes(key))) return all;
  const rank = ({ key }: Member): number => (first.includes(key) ? first.indexOf(key) : first.length);
  return all.toSorted((one, other) => rank(one) - rank(other));
}
