import type { SpansReceived } from '../../../signals/intake.ts';
import { controlOf } from '../counting/count-look.ts';
import type { CountedLook, LookDetails, LookQuestion } from '../look-source.ts';
import { Assignments } from './assignments.ts';
import { SlowTraces } from './slow-traces.ts';
import { UnitWeights } from './unit-weights.ts';

/** The spans of users carry their key under one of these names. */
const userAttributes = ['user-id', 'user.id', 'enduser.id'];

/** The members of a look that come from spans, whatever the source of its counts is. */
export type FromSpans = Pick<CountedLook, 'units' | 'assigned'>;

/** The spans of a lane and its control: their slowest traces, and their units. */
export class LaneSpans {
  readonly #lane: string;
  readonly #traces: SlowTraces;
  /** By the attribute of the units; requests have none. */
  readonly #units = new Map<string, { weights?: UnitWeights; assignments: Assignments }>();

  constructor(lane: string) {
    this.#lane = lane;
    this.#traces = new SlowTraces(lane);
  }

  receive(received: SpansReceived): void {
    this.#traces.receive(received);
    for (const span of received.spans) {
      if (span.kind !== 'server') continue;
      const lane = span.attributes.get('lane');
      if (lane !== this.#lane && lane !== controlOf(this.#lane)) continue;
      for (const { weights, assignments } of this.#units.values()) {
        weights?.add(span);
        assignments.add(span);
      }
    }
  }

  /** The first call for a kind of unit begins to count it. */
  take({ unitKey, draw }: Pick<LookQuestion, 'unitKey' | 'draw'>): FromSpans {
    const { weights, assignments } = this.#of(unitKey);
    const units = weights?.effective();
    const assigned = draw && assignments.take(draw);
    return { ...(units && { units }), ...(assigned && { assigned }) };
  }

  slowest(): NonNullable<LookDetails['traces']> {
    return this.#traces.slowest();
  }

  #of(unitKey: string | undefined): { weights?: UnitWeights; assignments: Assignments } {
    const known = this.#units.get(unitKey ?? '');
    if (known) return known;
    const attributes = unitKey === 'targetingKey' ? [unitKey, ...userAttributes] : unitKey && [unitKey];
    const added = {
      ...(attributes && { weights: new UnitWeights(this.#lane, attributes) }),
      assignments: new Assignments(this.#lane, attributes || undefined),
    };
    this.#units.set(unitKey ?? '', added);
    return added;
  }
}
