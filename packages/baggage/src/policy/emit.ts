import { createContextKey, propagation, type Baggage, type Context } from '@opentelemetry/api';
import { baseline } from '../codec/names.ts';
import { count } from '../counters.ts';
import { allowedKeys, type EgressPolicy } from './egress.ts';
import { formatBaggage } from '../codec/format.ts';
import { ownBaggage } from '../request/own-baggage.ts';
import { pinsKey, withPins } from '../lane/pins.ts';
import type { RequestCell } from '../request/cell.ts';
import { getCell } from '../request/context.ts';
import { insideOf } from '../request/hidden-baggage.ts';

/** What `suppressTracing` of @opentelemetry/core sets: exporters run so, and must not mail baggage to the telemetry vendor. */
const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** What adapters build on: the one `baggage` value to send to a destination, or undefined for none. */
export function emit(otelContext: Context, policy: EgressPolicy, destination: string): string | undefined {
  if (isSuppressed(otelContext)) return undefined;
  const inside = insideOf(otelContext);
  if (inside) return inside.caller && emit(inside.caller, policy, destination);
  const baggage = propagation.getBaggage(otelContext);
  const cell = getCell(otelContext);
  const keys = allowedKeys(policy, destination);
  if (keys === undefined) {
    const withheld = baggage?.getAllEntries().length ?? 0;
    if (withheld > 0) count('withheld', withheld);
    return undefined;
  }
  if (cell && keys.has(cell.laneKey)) watch(cell, baggage);
  if (baggage === undefined) return undefined;
  const laneKey = cell?.laneKey ?? 'lane';
  const laned = cell ? withLaneOf(cell, baggage) : baggage;
  return formatBaggage(laned, { keys: withPins(keys, laneKey), first: [laneKey, pinsKey] }) || undefined;
}

/** Whether nothing is to be sent from this OTel context. */
export function isSuppressed(otelContext: Context): boolean {
  return otelContext.getValue(suppressed) === true;
}

function watch(cell: RequestCell, baggage: Baggage | undefined): void {
  if (cell.lane === baseline) cell.sentUndyed();
  else if (baggage === undefined) count('escaped');
}

/** The cell has the last word on the lane: code that sets or replaces the OTel context's baggage neither makes one nor loses it. */
function withLaneOf(cell: RequestCell, baggage: Baggage): Baggage {
  if (ownBaggage(baggage) === cell.outgoing) return baggage;
  const said = baggage.getEntry(cell.laneKey)?.value || baseline;
  if (said === cell.lane) return baggage;
  const mark = cell.outgoing.getEntry(cell.laneKey);
  if (cell.lane === baseline) count('leaked');
  return mark ? baggage.setEntry(cell.laneKey, mark) : baggage.removeEntry(cell.laneKey);
}
