import { createContextKey, propagation, type Baggage, type Context } from '@opentelemetry/api';
import { GraylaneBaggage } from '../codec/graylane-baggage.ts';
import { LazyBaggage } from '../codec/lazy-baggage.ts';
import { count } from '../counters.ts';
import { formatAllowed } from '../lane/format-baggage.ts';
import { baseline, ownKeys } from '../lane/names.ts';
import { report, warnOnce } from '../report.ts';
import type { RequestCell } from '../request/cell.ts';
import { getCell } from '../request/context.ts';
import { insideOf } from '../request/hidden-baggage.ts';
import { ignoreUnadmitted } from '../request/unadmitted.ts';
import { allowedKeys, type AllowedKeys, type EgressPolicy } from './egress.ts';

/**
 * The key that `suppressTracing` of @opentelemetry/core sets: exporters run so, and must not send
 * baggage to the telemetry vendor.
 */
const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** For adapters: the one `baggage` value to send to a destination, or undefined for none. */
export function emit(otelContext: Context, policy: EgressPolicy, destination: string): string | undefined {
  if (isSuppressed(otelContext)) return undefined;
  const inside = insideOf(otelContext);
  if (inside) return inside.caller && emit(inside.caller, policy, destination);
  const cell = getCell(otelContext);
  if (cell === undefined) {
    ignoreUnadmitted(otelContext);
    return undefined;
  }
  cell.reportRefusal();
  const keys = allowedKeys(policy, destination);
  const baggage = propagation.getBaggage(otelContext);
  if (keys === undefined) {
    withhold(cell, baggage, policy, destination);
    return undefined;
  }
  const { hasLane, table } = keys.of(cell.laneKey);
  if (hasLane) watch(cell, baggage, policy, destination);
  else if (cell.lane !== baseline) warnOfMissingKey(cell, keys, policy, destination);
  if (baggage === undefined) return undefined;
  return formatAllowed(outgoingOf(cell, baggage), table, cell.laneKey) || undefined;
}

/** Whether nothing is to be sent from this OTel context. */
export function isSuppressed(otelContext: Context): boolean {
  return otelContext.getValue(suppressed) === true;
}

/**
 * The baggage as it leaves. The request cell is authoritative for lane, pins and their seals: if
 * other code replaced the baggage in the OTel context, the cell's members are restored, and a lane
 * that the request never had is removed.
 */
export function outgoingOf(cell: RequestCell, baggage: Baggage): LazyBaggage {
  const given = baggage instanceof GraylaneBaggage ? baggage.outgoing : LazyBaggage.of(baggage);
  const { outgoing, laneKey, lane } = cell;
  if (given === outgoing) return given;
  const replaced = given.member(laneKey)?.value || baseline;
  if (replaced !== lane && lane === baseline) {
    report(
      'leaked',
      '',
      () =>
        'code wrote a lane into the baggage of a request that is not dyed, and it was removed: dye with a dye rule, or use runInLane',
    );
  }
  const own = ownKeys(laneKey);
  // Code that sets other members leaves the objects of these as they are.
  if (own.every((key) => given.member(key) === outgoing.member(key))) return given;
  const restored = own.flatMap((key) => outgoing.member(key) ?? []);
  return LazyBaggage.fromMembers([
    ...restored,
    ...given.filter((key) => !own.includes(key)).members.values(),
  ]);
}

function withhold(
  cell: RequestCell,
  baggage: Baggage | undefined,
  { logger }: EgressPolicy,
  destination: string,
): void {
  if (baggage === undefined) return;
  const { size } = LazyBaggage.of(baggage);
  if (size > 0) count('withheld', size);
  if (cell.lane === baseline) return;
  warnOnce(
    `withheld ${destination}`,
    () =>
      `a request in lane "${cell.lane}" called "${destination}" without its lane, since egress.to does not name that destination: add it with the keys that it may see, or with [] if it is to get none`,
    logger,
  );
}

/** An empty array is a decision; one of other keys may have been forgotten to name the lane. */
function warnOfMissingKey(
  { lane, laneKey }: RequestCell,
  { isEmpty }: AllowedKeys,
  { logger }: EgressPolicy,
  destination: string,
): void {
  if (isEmpty) return;
  warnOnce(
    `withheld ${destination} key`,
    () =>
      `a request in lane "${lane}" called "${destination}" without its lane, since the keys of egress.to for it do not have "${laneKey}": add it, or use [] if that destination is to get none`,
    logger,
  );
}

function watch(
  cell: RequestCell,
  baggage: Baggage | undefined,
  { logger }: EgressPolicy,
  destination: string,
): void {
  if (cell.lane === baseline) cell.sentUndyed();
  else if (baggage === undefined) {
    report(
      'escaped',
      'deleted',
      () =>
        `a request in lane "${cell.lane}" called "${destination}" without its lane, since code deleted the baggage of the OTel context`,
      logger,
    );
  }
}
