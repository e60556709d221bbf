import { createContextKey, propagation, type Context } from '@opentelemetry/api';
import { count } from './counters.ts';
import { formatBaggage } from './format-baggage.ts';
import { allowedKeys, type EgressPolicy } from './policy.ts';
import { pinsKey, withPins } from './pins.ts';
import { getCell } from './request-context.ts';

/** What `suppressTracing` of @opentelemetry/core sets: exporters run so, and must not mail baggage to the telemetry vendor. */
const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** What adapters build on: the one `baggage` value to send to a destination, or undefined for none. */
export function emit(otelContext: Context, policy: EgressPolicy, destination: string): string | undefined {
  const baggage = propagation.getBaggage(otelContext);
  if (baggage === undefined || isSuppressed(otelContext)) return undefined;
  const keys = allowedKeys(policy, destination);
  if (keys === undefined) {
    count('withheld', baggage.getAllEntries().length);
    return undefined;
  }
  const laneKey = getCell(otelContext)?.laneKey ?? 'lane';
  return formatBaggage(baggage, { keys: withPins(keys, laneKey), first: [laneKey, pinsKey] }) || undefined;
}

/** Whether nothing is to be sent from this OTel context. */
export function isSuppressed(otelContext: Context): boolean {
  return otelContext.getValue(suppressed) === true;
}
