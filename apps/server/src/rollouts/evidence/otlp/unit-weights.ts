import type { Look } from '@graylane/rollout';
import type { SpansReceived } from '../../../signals/intake.ts';
import type { SpanRecord } from '../../../signals/span-record.ts';
import { controlOf } from '../counting/count-look.ts';

/** The most units of an arm; the requests of further ones are not counted. */
const maxUnits = 50_000;

/** The spans of users carry their key under one of these names. */
const userAttributes = ['user-id', 'user.id', 'enduser.id'];

/**
 * The requests of each unit in both arms, by the spans that carry the unit as an attribute, e.g.
 * `tenant`. Sampled traces suffice: the effective number of units depends on shares alone.
 */
export class UnitWeights {
  readonly #attributes: readonly string[];
  readonly #gray: Map<string, number> = new Map();
  readonly #control: Map<string, number> = new Map();
  readonly #lane: string;
  readonly #controlLane: string;

  constructor(lane: string, unitKey: string) {
    this.#lane = lane;
    this.#controlLane = controlOf(lane);
    this.#attributes = unitKey === 'targetingKey' ? [unitKey, ...userAttributes] : [unitKey];
  }

  receive({ spans }: SpansReceived): void {
    for (const span of spans) {
      if (span.kind !== 'server') continue;
      const lane = span.attributes.get('lane');
      if (lane === this.#lane) this.#add(this.#gray, span);
      else if (lane === this.#controlLane) this.#add(this.#control, span);
    }
  }

  /** The effective number of units in each arm; undefined until both arms have one. */
  effective(): Look['units'] {
    if (this.#gray.size === 0 || this.#control.size === 0) return undefined;
    return { gray: effectiveOf(this.#gray), control: effectiveOf(this.#control) };
  }

  #add(weights: Map<string, number>, { attributes }: SpanRecord): void {
    const name = this.#attributes.find((one) => attributes.has(one));
    if (name === undefined) return;
    const unit = String(attributes.get(name));
    const weight = weights.get(unit);
    if (weight !== undefined || weights.size < maxUnits) weights.set(unit, (weight ?? 0) + 1);
  }
}

/** (sum w)^2 / sum w^2 */
function effectiveOf(weights: ReadonlyMap<string, number>): number {
  let [sum, squares] = [0, 0];
  for (const weight of weights.values()) {
    sum += weight;
    squares += weight * weight;
  }
  return (sum * sum) / squares;
}
