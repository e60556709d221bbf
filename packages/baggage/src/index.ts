export { GraylaneBaggagePropagator, type PropagatorOptions } from './propagator.ts';
export { getActiveCell, getActiveLane, getLane, runInLane, type RunInLaneOptions } from './lane.ts';
export { baseline } from './baseline.ts';
export { parseBaggage } from './w3c-baggage.ts';
export { formatBaggage, type FormatOptions } from './format-baggage.ts';
export type { BaggageLimits } from './read-baggage.ts';
export type { EgressPolicy, OriginPattern } from './policy.ts';
export type {
  AcceptPolicy,
  IngressPolicy,
  KnownLanes,
  LanePolicy,
  StripPolicy,
  VerifyPolicy,
} from './ingress-policy.ts';
export type { MarkOptions } from './lane-mark.ts';
export type { SignOptions } from './seal.ts';
export type { SigningKey } from './signing-key.ts';
export type { Dye, DyeChoice, DyeClient, DyeContext } from './dye.ts';
export { getCell, withCell } from './request-context.ts';
export type { RequestCell } from './request-cell.ts';
export type { Pin } from './pins.ts';
export { baggageCounts, count, type BaggageEvent } from './counters.ts';
export { printable } from './printable.ts';
export { admit } from './admit.ts';
export { emit } from './emit.ts';
export { withoutBaggage } from './without-baggage.ts';
