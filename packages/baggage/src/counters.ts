import { metrics, type Counter, type MeterProvider } from '@opentelemetry/api';

/** Events in the life of a request's baggage; each is counted. */
export type BaggageEvent =
  /** A member, or a pin, exceeded the limits and was dropped. */
  | 'dropped'
  /** A member, a property or a seal was malformed: it was not admitted, or could not be written. */
  | 'rejected'
  /** An ingress policy removed a member that it does not name. */
  | 'stripped'
  /** A lane, or pins, did not bear a valid signature. */
  | 'forged'
  /** A lane, or pins, had expired. */
  | 'expired'
  /** A lane had passed too many hops. */
  | 'looped'
  /** A lane was not one of the existing lanes. */
  | 'unknown'
  /** A lane was switched off by a kill, so that the request runs in baseline. */
  | 'killed'
  /** A lane was not a DNS label, or `other`. */
  | 'invalid'
  /** Baggage that no ingress policy had admitted was ignored. */
  | 'unadmitted'
  /** An egress policy kept a member back. */
  | 'withheld'
  /**
   * The dye rule did not exist, was not a string, failed, or was too slow; the request runs in
   * baseline.
   */
  | 'undyed'
  /**
   * A destination got no baggage, since code of the application opens the connection to it, which
   * may lead elsewhere.
   */
  | 'unverified'
  /** A flag to be pinned was decided without a request cell, or by a provider that can't pin. */
  | 'unpinned'
  /** A pin named a variant that its flag does not have here; the rules decided. */
  | 'mispinned'
  /** A dye got lost: a dyed request called a destination that may see its lane, without it. */
  | 'escaped'
  /** A request that was not dyed was about to carry a lane, which was removed. */
  | 'leaked';

const counts = new Map<BaggageEvent, number>();
let provider: MeterProvider | undefined;
let counter: Counter | undefined;

/**
 * Counts an event, here and in the OpenTelemetry metric `graylane.baggage.members`, whose only
 * attribute is the event.
 */
export function count(event: BaggageEvent, by = 1): void {
  counts.set(event, (counts.get(event) ?? 0) + by);
  // An SDK may be registered after us, and the API has no proxy for meters.
  const current = metrics.getMeterProvider();
  if (current !== provider) {
    provider = current;
    counter = current.getMeter('@graylane/baggage').createCounter('graylane.baggage.members', {
      description: 'Events of baggage members and dyes',
      unit: '{member}',
    });
  }
  counter?.add(by, { event });
}

/** How often each event has happened in this process. */
export function baggageCounts(): Readonly<Partial<Record<BaggageEvent, number>>> {
  return Object.fromEntries(counts);
}
