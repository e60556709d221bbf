import { baggageEntryMetadataFromString } from '@opentelemetry/api';
import { baseline } from '../codec/names.ts';
import type { MarkProperties } from './mark-properties.ts';
import { memberOf, withProperty, type Member } from '../codec/member.ts';
import { nowInSeconds, Seal, type SignOptions } from './signer.ts';

/** How long a mark lasts, and who vouches for it. */
export interface MarkOptions {
  /**
   * After so many seconds the mark is taken for none, by every ingress that sees it: a message that is consumed again a day later
   * runs in baseline. Default: 300 where the mark is signed, otherwise it lasts for ever.
   */
  readonly ttlSeconds?: number;
  /** Signs the mark, for services whose ingress verifies. Then a request in baseline is marked too. Default: no signature. */
  readonly sign?: SignOptions;
}

/** Writes the member that dyes a request. */
export interface Marker {
  readonly seal: Seal | undefined;
  /** The member for a lane; none for baseline, unless marks are signed: then other members are believed by it. */
  mark(laneKey: string, lane: string): Member | undefined;
}

const signedTtlSeconds = 300;
const defaultMaxHops = 32;

/** @throws {TypeError} where marks are to be signed with what can't sign, or the time to live is no positive number of seconds. */
export function markerOf({ ttlSeconds, sign }: MarkOptions): Marker {
  if (ttlSeconds !== undefined && !(ttlSeconds > 0)) {
    throw new TypeError(`a dye can't live for ${ttlSeconds} seconds: give ttlSeconds a positive number`);
  }
  return sealingMarker(sign && new Seal([sign.key], sign.audience), ttlSeconds);
}

/** A marker that signs with a seal, if there is one. */
export function sealingMarker(
  seal: Seal | undefined,
  ttlSeconds: number | undefined = seal && signedTtlSeconds,
): Marker {
  return {
    seal,
    mark: (laneKey, lane) => {
      if (lane === baseline && seal === undefined) return undefined;
      if (ttlSeconds === undefined) return memberOf(laneKey, { value: lane });
      const expiry = nowInSeconds() + Math.ceil(ttlSeconds);
      const properties = seal?.properties(['lane', lane], expiry) ?? `exp=${expiry}`;
      return withProperties(laneKey, lane, `${properties};hops=0`);
    },
  };
}

/**
 * The same mark one hop further; `looped` where it has gone through too many. A mark that does not count its hops begins to where it is
 * told how many there may be.
 */
export function passOn(
  mark: Member,
  properties: MarkProperties,
  maxHops: number | undefined,
): Member | 'looped' {
  const hops = properties.hops ?? (maxHops === undefined ? undefined : '0');
  if (hops === undefined) return mark;
  const count = /^\d{1,6}$/.test(hops) ? Number(hops) : Number.POSITIVE_INFINITY;
  return count >= (maxHops ?? defaultMaxHops) ? 'looped' : withProperty(mark, 'hops', String(count + 1));
}

function withProperties(key: string, value: string, properties: string): Member {
  return memberOf(key, { value, metadata: baggageEntryMetadataFromString(properties) });
}
