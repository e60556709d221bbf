import { isSpace, trim } from './grammar.ts';
import { count } from '../counters.ts';
import { readMember, type Member } from './member.ts';

/**
 * How much baggage is read and sent; whole members beyond that are dropped. W3C's floor (section
 * 3.3.2) is 64 members and 8192 bytes.
 */
export interface BaggageLimits {
  /** How many members. Default: 64 are sent, and any number read. */
  readonly members?: number;
  /**
   * Bytes of the header, commas included. Default: 8192 are sent, 65536 read. No member of more
   * than 65536 is read.
   */
  readonly bytes?: number;
}

/**
 * A longer header is read up to this character, and a longer member not at all: headers may be
 * hostile.
 */
const maxRead = 65_536;
const comma = 0x2c;

/**
 * All members of a header. Malformed ones are left out and counted; of several with one key the
 * last wins. Takes linear time.
 */
export function readMembers(header: string, limits: BaggageLimits = {}): ReadonlyMap<string, Member> {
  const { members: most = Number.POSITIVE_INFINITY, bytes = maxRead } = limits;
  const members = new Map<string, Member>();
  const length = header.length;
  const bound = Math.min(length, bytes);
  for (let start = 0; start < bound; start += 1) {
    if (header.charCodeAt(start) === comma) continue;
    const end = endOfMember(header, start);
    // A member that the bound cuts in two is not read: a part of it could be another valid member.
    const isWhole = end <= bound && end - start <= maxRead;
    const member = isWhole ? readMember(header, start, end) : undefined;
    if (member === undefined) {
      if (!isWhole) count('dropped');
      else if (trim(header.slice(start, end)) !== '') count('rejected');
    } else if (members.size < most || members.has(member.key)) members.set(member.key, member);
    else count('dropped');
    start = end;
  }
  return members;
}

/** The member of one key, as `readMembers` would return it, without reading the others. */
export function findMember(header: string, key: string): Member | undefined {
  if (key === '' || isSpace(key.charCodeAt(0))) return undefined;
  let found: Member | undefined;
  for (let at = header.indexOf(key); at >= 0;) {
    let next = at + 1;
    if (startsMember(header, at)) {
      next = endOfMember(header, at);
      const member = readMember(header, at, next);
      if (member?.key === key) found = member;
    }
    at = header.indexOf(key, next);
  }
  return found;
}

/** Whether a header has a member of this key, even one that can't be read. Takes linear time. */
export function mentionsMember(header: string, key: string): boolean {
  for (let at = header.indexOf(key); at >= 0; at = header.indexOf(key, at + 1)) {
    let end = at + key.length;
    while (isSpace(header.charCodeAt(end))) end += 1;
    if (header[end] === '=' && startsMember(header, at)) return true;
  }
  return false;
}

function startsMember(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isSpace(header.charCodeAt(before))) before -= 1;
  return before < 0 || header.charCodeAt(before) === comma;
}

function endOfMember(header: string, start: number): number {
  const end = header.indexOf(',', start);
  return end < 0 ? header.length : end;
}
