import { metrics, type Counter, type MeterProvider } from '@opentelemetry/api';

/** What can happen to the baggage of a request; each is counted. */
export type BaggageEvent =
  /** A member, or a pin, gave way to the limits. */
  | 'dropped'
  /** A member, or a property, was malformed: it was not let in, or could not be written. */
  | 'rejected'
  /** A member was kept out by an ingress policy that does not name it. */
  | 'stripped'
  /** A lane, or pins, did not bear a valid signature. */
  | 'forged'
  /** A lane, or pins, were past their expiry. */
  | 'expired'
  /** A lane had gone through too many hops. */
  | 'looped'
  /** A lane was none of those there are. */
  | 'unknown'
  /** A member was kept back by an egress policy. */
  | 'withheld'
  /** The dye rule could not be evaluated, or not in time; the request runs in baseline. */
  | 'undyed'
  /** A flag that is to be pinned was decided where there is no request cell, or by a provider that can't pin. */
  | 'unpinned'
  /** A pin named a variant that its flag does not have here; the rules decided. */
  | 'mispinned'
  /** A dye got lost: a dyed request made a call without its lane, to a destination that may see it. */
  | 'escaped'
  /** A request that nobody dyed was about to carry a lane, which was taken off. */
  | 'leaked';

const counts = new Map<BaggageEvent, number>();
let provider: MeterProvider | undefined;
let counter: Counter | undefined;

/** Counts an event, here and in the OpenTelemetry metric `graylane.baggage.members`, whose only attribute is the event. */
export function count(event: BaggageEvent, by = 1): void {
  counts.set(event, (counts.get(event) ?? 0) + by);
  // An SDK may be registered after us, and the API has no proxy for meters.
  const current = metrics.getMeterProvider();
  if (current !== provider) {
    provider = current;
    counter = current.getMeter('@graylane/baggage').createCounter('graylane.baggage.members', {
      description: 'Baggage members, and dyes, by what happened to them',
      unit: '{member}',
    });
  }
  counter?.add(by, { event });
}

/** How often each event has happened in this process. */
export function baggageCounts(): Readonly<Partial<Record<BaggageEvent, number>>> {
  return Object.fromEntries(counts);
}
