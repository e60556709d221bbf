import type { KeyTable } from '../codec/key-table.ts';
import { LazyBaggage } from '../codec/lazy-baggage.ts';
import { mentionsMember } from '../codec/parse.ts';
import { otherMembers, ownValue, scan } from '../codec/scan.ts';

/** The members of a header, as an ingress policy looks at them. */
export interface Offer {
  /**
   * The values of graylane's own members; undefined for those that are missing, or that the policy
   * does not admit.
   */
  readonly lane: string | undefined;
  readonly seal: string | undefined;
  readonly pins: string | undefined;
  readonly pinsSeal: string | undefined;
  /** The other members that the policy names, as they are to be sent. */
  readonly others: string;
  readonly otherCount: number;
  /** How many members the policy does not name. */
  readonly stripped: number;
  /** Whether the header is exactly these members, written as they are to be sent. */
  readonly isWhole: boolean;
  /** Whether the header has a lane that can't be read. */
  readonly hasUnreadLane: boolean;
}

const nothing: Offer = {
  lane: undefined,
  seal: undefined,
  pins: undefined,
  pinsSeal: undefined,
  others: '',
  otherCount: 0,
  stripped: 0,
  isWhole: true,
  hasUnreadLane: false,
};

/**
 * Reads the members that a table has. A header as propagators write it takes one look at each
 * character.
 */
export function readOffer(header: string, keys: KeyTable): Offer {
  if (header === '') return nothing;
  const found = scan(header, keys);
  if (found === undefined) return parseOffer(header, keys);
  return {
    lane: ownValue(header, keys, 0),
    seal: ownValue(header, keys, 1),
    pins: ownValue(header, keys, 2),
    pinsSeal: ownValue(header, keys, 3),
    others: otherMembers(header),
    otherCount: found.others,
    stripped: found.stripped,
    isWhole: found.isWhole,
    hasUnreadLane: false,
  };
}

/** The same for any header, member by member. */
function parseOffer(header: string, keys: KeyTable): Offer {
  const { members } = LazyBaggage.read(header);
  const own = new Map<string, string>();
  const others: string[] = [];
  let stripped = 0;
  for (const { key, value, text = '' } of members.values()) {
    const index = keys.keys.indexOf(key);
    if (index < 0) stripped += 1;
    else if (index < keys.owned) own.set(key, value);
    else others.push(text);
  }
  const [lane, seal, pins, pinsSeal] = keys.keys.slice(0, keys.owned).map((key) => own.get(key));
  const joined = others.join(',');
  const [laneKey = ''] = keys.keys;
  const hasUnreadLane = lane === undefined && keys.owned > 0 && mentionsMember(header, laneKey);
  return {
    lane,
    seal,
    pins,
    pinsSeal,
    others: joined,
    otherCount: others.length,
    stripped,
    isWhole: false,
    hasUnreadLane,
  };
}
