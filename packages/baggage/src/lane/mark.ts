import { memberOf, type Member } from '../codec/member.ts';
import { baseline, sealKeyOf } from './names.ts';
import { formatSeal, type Seal } from './seal.ts';
import { nowInSeconds, Signer, type SignOptions } from './signer.ts';

/** The lifetime and the signature of a mark. */
export interface MarkOptions {
  /**
   * How many seconds the mark lasts. A later ingress policy lets the request run in baseline, e.g.
   * if a message is consumed again a day later. Default: 300 where the mark is signed; otherwise it
   * does not expire.
   */
  readonly ttlSeconds?: number;
  /**
   * Signs the mark, for services whose ingress verifies. A request in baseline is then marked too.
   * Default: no signature.
   */
  readonly sign?: SignOptions;
}

/** Writes the members that dye a request. */
export interface Marker {
  readonly signer: Signer | undefined;
  /**
   * The lane and its seal, if it has one. Empty for baseline, unless marks are signed: other
   * members are admitted by its seal.
   */
  mark(laneKey: string, lane: string): readonly Member[];
}

const signedTtlSeconds = 300;
const defaultMaxHops = 32;

/**
 * @throws {TypeError} if the signing key can't be used, or the time to live is not a positive
 * number of seconds.
 */
export function markerOf({ ttlSeconds, sign }: MarkOptions): Marker {
  if (ttlSeconds !== undefined && !(ttlSeconds > 0)) {
    throw new TypeError(`ttlSeconds is ${ttlSeconds}: use a positive number of seconds, e.g. 300`);
  }
  return markerWith(sign && new Signer([sign.key], sign.audience), ttlSeconds);
}

/** A marker that signs with a signer, if there is one. */
export function markerWith(
  signer: Signer | undefined,
  ttlSeconds: number | undefined = signer && signedTtlSeconds,
): Marker {
  return {
    signer,
    mark: (laneKey, lane) => {
      if (lane === baseline && signer === undefined) return [];
      const mark = memberOf(laneKey, { value: lane });
      if (ttlSeconds === undefined) return [mark];
      const expiry = nowInSeconds() + Math.ceil(ttlSeconds);
      const seal =
        signer?.sign({ laneKey, lane }, expiry) ??
        formatSeal({ hops: 0, expiry: String(expiry), signed: undefined });
      return [mark, memberOf(sealKeyOf(laneKey), { value: seal })];
    },
  };
}

/**
 * The hop count of a mark one hop further, or `looped` if it has passed too many services. A mark
 * without a seal does not count its hops: undefined, unless the policy limits them.
 */
export function nextHop(seal: Seal | undefined, maxHops: number | undefined): number | 'looped' | undefined {
  if (seal === undefined && maxHops === undefined) return undefined;
  const hops = seal?.hops ?? 0;
  return hops >= (maxHops ?? defaultMaxHops) ? 'looped' : hops + 1;
}
