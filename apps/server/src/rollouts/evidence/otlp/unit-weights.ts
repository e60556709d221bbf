import type { Look } from '@graylane/rollout';
import type { SpanRecord } from '../../../signals/span-record.ts';

/** The most units of an arm; the requests of further ones are not counted. */
const maxUnits = 50_000;

/**
 * The requests of each unit in both arms, by the spans that carry the unit as an attribute, e.g.
 * `tenant`. Sampled traces suffice: the effective number of units depends on shares alone.
 */
export class UnitWeights {
  readonly #attributes: readonly string[];
  readonly #gray: Map<string, number> = new Map();
  readonly #control: Map<string, number> = new Map();
  readonly #lane: string;

  constructor(lane: string, attributes: readonly string[]) {
    this.#lane = lane;
    this.#attributes = attributes;
  }

  /** Adds the span of a request that a service handled in one of the arms. */
  add({ attributes }: SpanRecord): void {
    const weights = attributes.get('lane') === this.#lane ? this.#gray : this.#control;
    const name = this.#attributes.find((one) => attributes.has(one));
    if (name === undefined) return;
    const unit = String(attributes.get(name));
    const weight = weights.get(unit);
    if (weight !== undefined || weights.size < maxUnits) weights.set(unit, (weight ?? 0) + 1);
  }

  /** The effective number of units in each arm; undefined until both arms have one. */
  effective(): Look['units'] {
    if (this.#gray.size === 0 || this.#control.size === 0) return undefined;
    return { gray: effectiveOf(this.#gray), control: effectiveOf(this.#control) };
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
