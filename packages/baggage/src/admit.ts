import type { Context } from '@opentelemetry/api';
import { baseline } from './baseline.ts';
import { ensureContextManager } from './context-manager.ts';
import { count, type BaggageEvent } from './counters.ts';
import {
  isKnown,
  sealOf,
  type AcceptPolicy,
  type IngressPolicy,
  type LanePolicy,
  type VerifyPolicy,
} from './ingress-policy.ts';
import { passOn } from './lane-mark.ts';
import { memberOf, type Member } from './member.ts';
import { pinsKey, withPins } from './pins.ts';
import { RequestCell } from './request-cell.ts';
import { withCell } from './request-context.ts';
import { nowInSeconds } from './seal.ts';
import { W3cBaggage } from './w3c-baggage.ts';

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
  const kept =
    policy.mode === 'accept'
      ? accepted(policy, laneKey, offered)
      : verified(policy, laneKey, offered, refuse);
  const mark = kept.member(laneKey);
  if (mark === undefined) return kept;
  const passed = judgeLane(mark, policy);
  if (passed === mark) return kept;
  if (typeof passed === 'object') return kept.withMember(passed);
  refuse(passed);
  // What has been decided for the lane falls with it.
  return kept.removeEntries(laneKey, pinsKey);
}

const acceptedKeys = new WeakMap<AcceptPolicy, ReturnType<typeof withPins>>();

function accepted(policy: AcceptPolicy, laneKey: string, offered: W3cBaggage): W3cBaggage {
  const allowed = acceptedKeys.get(policy) ?? withPins(new Set(policy.keys), laneKey);
  acceptedKeys.set(policy, allowed);
  return offered.filter((key) => allowed.has(key));
}

function verified(
  policy: VerifyPolicy,
  laneKey: string,
  offered: W3cBaggage,
  refuse: (event: BaggageEvent) => void,
): W3cBaggage {
  const { keys = [] } = policy;
  const seal = sealOf(policy);
  const now = nowInSeconds();
  // Once all are read, which counting needs anyway, looking for one is cheap.
  const mark = offered.members.get(laneKey);
  const verdict = mark && seal.check(mark, ['lane', mark.value], now);
  if (mark === undefined || verdict !== 'valid') {
    if (verdict !== undefined && verdict !== 'valid') refuse(verdict);
    return W3cBaggage.empty;
  }
  const kept = offered.filter((key) => key === laneKey || key === pinsKey || keys.includes(key));
  const pins = kept.member(pinsKey);
  const pinsVerdict = pins && seal.check(pins, ['pins', pins.value, mark.value], now);
  if (pinsVerdict === undefined || pinsVerdict === 'valid') return kept;
  refuse(pinsVerdict);
  return kept.removeEntry(pinsKey);
}

function judgeLane(mark: Member, { lanes, maxHops }: LanePolicy): Member | BaggageEvent {
  if (lanes !== undefined && mark.value !== baseline && !isKnown(mark.value, lanes)) return 'unknown';
  return mark.properties === undefined && maxHops === undefined ? mark : passOn(mark, maxHops);
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
