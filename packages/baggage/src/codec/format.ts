import type { Baggage } from '@opentelemetry/api';
import { goFirst, isCanonical } from './canonical-header.ts';
import { count } from '../counters.ts';
import { memberOf, type Member } from './member.ts';
import { ownBaggage } from '../request/own-baggage.ts';
import type { BaggageLimits } from './parse.ts';

/** What `formatBaggage` writes. */
export interface FormatOptions {
  /** The keys to write. Default: all. */
  readonly keys?: { has(key: string): boolean };
  /** The keys that go first, so that they never fall to the limits. Default: `lane`, then `pins`. */
  readonly first?: readonly string[];
  /** Default: W3C's floor, 64 members and 8192 bytes. */
  readonly limits?: BaggageLimits;
}

const floor = { members: 64, bytes: 8192 };

/**
 * Writes baggage as a header: valid W3C whatever was put in, the lane first, whole members only. Empty where there is nothing to
 * send. Never throws.
 */
export function formatBaggage(
  baggage: Baggage,
  { keys, first = goFirst, limits = {} }: FormatOptions = {},
): string {
  const { members: maxMembers = floor.members, bytes: maxBytes = floor.bytes } = limits;
  const own = ownBaggage(baggage);
  const isAll = keys === undefined && first === goFirst && maxMembers >= floor.members;
  if (isAll && own?.header !== undefined && own.header.length <= maxBytes && isCanonical(own.header)) {
    return own.header;
  }
  const written: string[] = [];
  let length = -1;
  for (const member of inOrder(own?.members.values() ?? foreignMembers(baggage), first)) {
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

/** Another implementation's entries: anything may stand in them. */
function foreignMembers(baggage: Baggage): Iterable<Member> {
  return new Map(baggage.getAllEntries().map(([key, entry]) => [key, memberOf(key, entry)])).values();
}

function inOrder(members: Iterable<Member>, first: readonly string[]): readonly Member[] {
  const all = [...members];
  if (!all.some(({ key }, index) => index > 0 && first.includes(key))) return all;
  const rank = ({ key }: Member): number => (first.includes(key) ? first.indexOf(key) : first.length);
  return all.toSorted((one, other) => rank(one) - rank(other));
}
