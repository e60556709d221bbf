export { GraylaneBaggagePropagator, type PropagatorOptions } from './propagator.ts';
export {
  getActiveCell,
  getActiveLane,
  getLane,
  runInLane,
  type RunInLaneOptions,
} from './request/active-lane.ts';
export { baseline } from './lane/names.ts';
export { isKilledLane, setKilledLanes } from './lane/killed.ts';
export { parseBaggage } from './codec/lazy-baggage.ts';
export { formatBaggage, type FormatOptions } from './lane/format-baggage.ts';
export type { BaggageLimits } from './codec/parse.ts';
export type { EgressPolicy, OriginPattern } from './policy/egress.ts';
export type {
  AcceptPolicy,
  IngressPolicy,
  KnownLanes,
  LanePolicy,
  StripPolicy,
  VerifyPolicy,
} from './policy/ingress.ts';
export type { MarkOptions } from './lane/mark.ts';
export type { SignOptions } from './lane/signer.ts';
export type { SigningKey } from './lane/signing-key.ts';
export type { Dye, DyeChoice } from './policy/dye.ts';
export type { DyeClient, DyeContext, DyeDetails } from './policy/dye-rule.ts';
export { getCell, withCell } from './request/context.ts';
export type { RequestCell } from './request/cell.ts';
export type { Pin } from './lane/pins.ts';
export { baggageCounts, count, type BaggageEvent } from './counters.ts';
export { printable } from './codec/log-safe.ts';
export { admit } from './policy/admit.ts';
export { emit } from './policy/emit.ts';
export { explainRequest, formatExplanation, type RequestExplanation } from './policy/explain.ts';
export { withoutBaggage } from './request/hidden-baggage.ts';
export { ignoreUnadmitted, trustUnadmitted } from './request/unadmitted.ts';
export type { Logger } from './report.ts';
export {
  setCallListener,
  type Call,
  type CallAttributes,
  type CallKind,
  type CallListener,
  type EndCall,
} from './call-listener.ts';
