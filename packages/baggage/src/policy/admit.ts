import type { Context } from '@opentelemetry/api';
import { baseline } from '../codec/names.ts';
import { ensureContextManager } from '../request/context-manager.ts';
import { count, type BaggageEvent } from '../counters.ts';
import {
  isKnown,
  sealOf,
  type AcceptPolicy,
  type IngressPolicy,
  type LanePolicy,
  type VerifyPolicy,
} from './ingress.ts';
import { passOn } from '../lane/mark.ts';
import { readMarkProperties } from '../lane/mark-properties.ts';
import { memberOf, type Member } from '../codec/member.ts';
import { pinsKey, withPins } from '../lane/pins.ts';
import { RequestCell } from '../request/cell.ts';
import { withCell } from '../request/context.ts';
import { isExpired, type Seal } from '../lane/signer.ts';
import { W3cBaggage } from '../codec/lazy-baggage.ts';

/** What adapters build on: the OTel context of a request that came with these `baggage` headers, as far as the policy lets them in. */
export function admit(headers: readonly string[], policy: IngressPolicy, otelContext: Context): Context {
  ensureContextManager();
  const cell = new RequestCell();
  admitInto(cell, headers, policy);
  return withCell(otelContext, cell);
}

/** Starts a cell over with the part of some `baggage` headers that a policy lets in, and what a mesh's own header says of the lane. */
export function admitInto(
  cell: RequestCell,
  headers: readonly string[],
  policy: IngressPolicy,
  alias?: string,
): void {
  const { laneKey = 'lane' } = policy;
  const offered = withAlias(W3cBaggage.read(headers), policy, laneKey, alias);
  const refused: BaggageEvent[] = [];
  const admitted = judge(policy, laneKey, offered, (event) => refused.push(event));
  for (const event of refused) count(event);
  const stripped = offered.members.size - admitted.members.size - refused.length;
  if (stripped > 0) count('stripped', stripped);
  cell.reset(admitted, { laneKey, seal: policy.mode === 'verify' ? sealOf(policy) : undefined });
}

/** The members that may come in. What is refused for a reason of its own is told; all else that is missing was stripped. */
function judge(
  policy: IngressPolicy,
  laneKey: string,
  offered: W3cBaggage,
  refuse: (event: BaggageEvent) => void,
): W3cBaggage {
  if (policy.mode === 'strip' || offered === W3cBaggage.empty) return W3cBaggage.empty;
  const seal = policy.mode === 'verify' ? sealOf(policy) : undefined;
  const keys = admittedKeys(policy, laneKey);
  const mark = keys.has(laneKey) ? offered.members.get(laneKey) : undefined;
  if (mark === undefined) return seal ? W3cBaggage.empty : offered.filter((key) => keys.has(key));
  const passed = judgeMark(mark, policy, seal);
  if (typeof passed === 'string') refuse(passed);
  // What nobody vouches for vouches for nothing.
  if (seal !== undefined && (passed === 'forged' || passed === 'expired')) return W3cBaggage.empty;
  // What has been decided for the lane falls with it.
  if (typeof passed === 'string')
    return offered.filter((key) => keys.has(key) && key !== laneKey && key !== pinsKey);
  const allowed = offered.filter((key) => keys.has(key));
  const kept = passed === mark ? allowed : allowed.withMember(passed);
  const fault = seal && judgePins(kept.member(pinsKey), mark.value, seal);
  if (fault === undefined) return kept;
  refuse(fault);
  return kept.removeEntry(pinsKey);
}

const admitted = new WeakMap<AcceptPolicy | VerifyPolicy, ReturnType<typeof withPins>>();

function admittedKeys(policy: AcceptPolicy | VerifyPolicy, laneKey: string): ReturnType<typeof withPins> {
  let keys = admitted.get(policy);
  if (keys === undefined) {
    const { keys: named = [] } = policy;
    keys = withPins(new Set(policy.mode === 'verify' ? [laneKey, ...named] : named), laneKey);
    admitted.set(policy, keys);
  }
  return keys;
}

/** The mark of a request, one hop further; or what is wrong with it. */
function judgeMark(
  mark: Member,
  { lanes, maxHops }: LanePolicy,
  seal: Seal | undefined,
): Member | 'forged' | 'expired' | 'unknown' | 'looped' {
  const properties = seal ? seal.vouchedFor(mark, ['lane', mark.value]) : readMarkProperties(mark);
  if (properties === undefined) return 'forged';
  if (properties.expiry !== undefined && isExpired(properties.expiry)) return 'expired';
  if (lanes !== undefined && mark.value !== baseline && !isKnown(mark.value, lanes)) return 'unknown';
  return passOn(mark, properties, maxHops);
}

/** What is wrong with the pins of a request in a lane, if anything. */
function judgePins(pins: Member | undefined, lane: string, seal: Seal): 'forged' | 'expired' | undefined {
  if (pins === undefined) return undefined;
  const properties = seal.vouchedFor(pins, ['pins', pins.value, lane]);
  if (properties === undefined) return 'forged';
  return isExpired(properties.expiry ?? '') ? 'expired' : undefined;
}

function withAlias(
  offered: W3cBaggage,
  policy: IngressPolicy,
  laneKey: string,
  alias: string | undefined,
): W3cBaggage {
  if (policy.mode !== 'accept' || !alias || alias === baseline || offered.member(laneKey)) return offered;
  return W3cBaggage.fromMembers([memberOf(laneKey, { value: alias }), ...offered.members.values()]);
}
