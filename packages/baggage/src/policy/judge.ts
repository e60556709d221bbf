import type { BaggageEvent } from '../counters.ts';
import { nextHop } from '../lane/mark.ts';
import { isKilledLane } from '../lane/killed.ts';
import { baseline, isLane } from '../lane/names.ts';
import { parseSeal, type Seal } from '../lane/seal.ts';
import { isExpired, type Signer } from '../lane/signer.ts';
import { isKnown, type CompiledIngress } from './ingress.ts';
import type { Offer } from './offer.ts';

/** Why an ingress policy refuses a mark. */
export type MarkFault = Extract<
  BaggageEvent,
  'forged' | 'rejected' | 'expired' | 'invalid' | 'unknown' | 'killed' | 'looped'
>;

/** The part of an offer that an ingress policy admits. */
export interface Verdict {
  /** The lane of the admitted mark; undefined without one. */
  readonly lane: string | undefined;
  /** The hop count that the mark goes on with; undefined if it does not count. */
  readonly hops: number | undefined;
  readonly keepsPins: boolean;
  readonly keepsOthers: boolean;
  /** Why the mark is refused. */
  readonly fault: MarkFault | undefined;
  /** Why the pins are refused, although the mark is admitted. */
  readonly pinsFault: 'forged' | 'expired' | undefined;
}

/** Judges an offer whose mark names this lane, or that has no mark. */
export function judge(offer: Offer, lane: string | undefined, policy: CompiledIngress): Verdict {
  const { signer, laneKey } = policy;
  if (lane === undefined) {
    const isTrusted = signer === undefined;
    return verdict(undefined, undefined, isTrusted && offer.pins !== undefined, isTrusted);
  }
  const judged = judgeMark(lane, offer.seal, policy);
  if (typeof judged === 'string') {
    // The signature is missing, wrong or expired, so the unsigned members beside it can't be
    // trusted either.
    const isUnvouched = signer !== undefined && (judged === 'forged' || judged === 'expired');
    // Pins are decided for the lane, so they fall with it.
    return verdict(undefined, undefined, false, !isUnvouched, judged);
  }
  const pinsFault = signer && judgePins(offer, lane, laneKey, signer);
  const keepsPins = offer.pins !== undefined && pinsFault === undefined;
  return verdict(lane, judged, keepsPins, true, undefined, pinsFault);
}

function verdict(
  lane: string | undefined,
  hops: number | undefined,
  keepsPins: boolean,
  keepsOthers: boolean,
  fault?: Verdict['fault'],
  pinsFault?: Verdict['pinsFault'],
): Verdict {
  return { lane, hops, keepsPins, keepsOthers, fault, pinsFault };
}

/** The hop count that a mark goes on with, if it counts; or why it is refused. */
function judgeMark(
  lane: string,
  sealValue: string | undefined,
  { laneKey, lanes, maxHops, signer }: CompiledIngress,
): number | MarkFault | undefined {
  let seal: Seal | undefined;
  if (signer !== undefined) {
    seal = sealValue === undefined ? undefined : signer.verify(sealValue, { laneKey, lane });
    if (seal === undefined) return 'forged';
  } else if (sealValue !== undefined) {
    // Without a seal that can be read, the expiry and the hop count of the mark are unknown.
    seal = parseSeal(sealValue);
    if (seal === undefined) return 'rejected';
  }
  if (seal !== undefined && seal.expiry !== '' && isExpired(seal.expiry)) return 'expired';
  if (!isLane(lane)) return 'invalid';
  if (lanes !== undefined && lane !== baseline && !isKnown(lane, lanes)) return 'unknown';
  if (isKilledLane(lane)) return 'killed';
  return nextHop(seal, maxHops);
}

function judgePins(
  { pins, pinsSeal = '' }: Offer,
  lane: string,
  laneKey: string,
  signer: Signer,
): Verdict['pinsFault'] {
  if (pins === undefined) return undefined;
  const seal = signer.verify(pinsSeal, { laneKey, lane, pins });
  if (seal === undefined) return 'forged';
  return isExpired(seal.expiry) ? 'expired' : undefined;
}
