import { propagation, type Baggage, type Context } from '@opentelemetry/api';
import { LazyBaggage } from '../codec/lazy-baggage.ts';
import { report } from '../report.ts';
import { RequestCell } from './cell.ts';

/** Baggage whose refusal has been counted; one baggage is one request. */
const counted = new WeakSet<Baggage>();

/**
 * Baggage of an OTel context without a request cell comes from a propagator that no ingress policy
 * has judged, so it is ignored. Counts it once a request, and logs it once, if it holds one of
 * these keys; without keys, if it holds any member.
 */
export function ignoreUnadmitted(otelContext: Context, ...keys: readonly string[]): void {
  const baggage = propagation.getBaggage(otelContext);
  if (baggage === undefined || counted.has(baggage)) return;
  const key =
    keys.length === 0
      ? baggage.getAllEntries()[0]?.[0]
      : keys.find((one) => baggage.getEntry(one) !== undefined);
  if (key === undefined) return;
  counted.add(baggage);
  report(
    'unadmitted',
    '',
    () =>
      `baggage that no ingress policy admitted is ignored (its member "${key}"): use a middleware of graylane, or GraylaneBaggagePropagator with an ingress policy, so that a caller can't choose the lane`,
  );
}

const trusted = new WeakMap<Baggage, RequestCell>();

/**
 * A cell with all baggage of an OTel context that has no request cell, for an application that
 * trusts every caller.
 */
export function trustUnadmitted(otelContext: Context): RequestCell | undefined {
  const baggage = propagation.getBaggage(otelContext);
  if (baggage === undefined) return undefined;
  let cell = trusted.get(baggage);
  if (cell === undefined) {
    cell = new RequestCell(LazyBaggage.of(baggage));
    trusted.set(baggage, cell);
  }
  return cell;
}
