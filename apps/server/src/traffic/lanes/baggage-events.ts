import type { Attributes } from '../../signals/source.ts';
import { LiveCount } from '../../usage/count.ts';

/** The metric of `@graylane/baggage`, whose attribute `event` names what happened to a member. */
const metric = 'graylane.baggage.members';

/** The events that operators look for. */
const events: ReadonlySet<string> = new Set(['escaped', 'leaked', 'forged', 'expired', 'unknown', 'killed']);

/** The most services that are counted. */
const maxServices = 200;

/** One kind of event in one service. */
export interface ServiceEvent {
  readonly service: string;
  readonly event: string;
  readonly count: LiveCount;
}

/** The events of lanes and other baggage in each service, since this server started. */
export class BaggageEvents {
  readonly #services = new Map<string, Map<string, LiveCount>>();

  static is(name: string): boolean {
    return name === metric;
  }

  add(service: string, attributes: Attributes, count: number, at: number): void {
    const event = attributes.get('event');
    if (typeof event !== 'string' || !events.has(event)) return;
    let counts = this.#services.get(service);
    if (counts === undefined) {
      if (this.#services.size >= maxServices) return;
      this.#services.set(service, (counts = new Map()));
    }
    let known = counts.get(event);
    if (known === undefined) counts.set(event, (known = new LiveCount()));
    known.add(count, at);
  }

  /** Each event that has happened, by service. */
  *all(): Generator<ServiceEvent> {
    for (const [service, counts] of this.#services) {
      for (const [event, count] of counts) yield { service, event, count };
    }
  }
}
