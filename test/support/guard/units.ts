import { bounds, lnBounds, sigma, tail } from './durations.ts';
import type { Random } from './random.ts';

/** How units that stay in an arm behave. */
export interface Stickiness {
  readonly count: number;
  /** Of the AR(1) process of each unit's log activity, per look; 1 stands still. */
  readonly stay: number;
}

/**
 * Users or tenants that stay in an arm. Each has its own activity (lognormal, standard deviation
 * 1), durations and failures (each by a lognormal factor, standard deviation .3).
 */
export class Units {
  readonly #stay: number;
  readonly #random: Random;
  readonly #activity: Float64Array;
  readonly #factors: Float64Array;
  readonly #failing: Float64Array;
  /** Each unit's shares above the boundaries, at the shift that they were computed for. */
  readonly #shares: Float64Array;
  #shift = Number.NaN;
  /** The shares of all units together, while neither their mix nor the shift changes. */
  #mixed: { readonly above: Float64Array; readonly failing: number } | undefined;

  constructor({ count, stay }: Stickiness, random: Random) {
    this.#stay = stay;
    this.#random = random;
    this.#activity = Float64Array.from({ length: count }, () => random.normal());
    this.#factors = Float64Array.from({ length: count }, () => 0.3 * random.normal());
    this.#failing = Float64Array.from({ length: count }, () => Math.exp(0.3 * random.normal()));
    this.#shares = new Float64Array(count * bounds.length);
  }

  /** (sum w)^2 / sum w^2. */
  get effective(): number {
    let [sum, squares] = [0, 0];
    for (const activity of this.#activity) {
      const weight = Math.exp(activity);
      sum += weight;
      squares += weight * weight;
    }
    return (sum * sum) / squares;
  }

  /** Writes the shares of requests above each boundary; returns the mean factor of failures. */
  mix(shift: number, above: Float64Array): number {
    if (this.#stay < 1) this.#wander();
    if (shift !== this.#shift) this.#move(shift);
    this.#mixed ??= this.#together();
    above.set(this.#mixed.above);
    return this.#mixed.failing;
  }

  #wander(): void {
    const noise = Math.sqrt(1 - this.#stay * this.#stay);
    for (let unit = 0; unit < this.#activity.length; unit += 1) {
      const before = this.#activity[unit] as number;
      this.#activity[unit] = this.#stay * before + noise * this.#random.normal();
    }
    this.#mixed = undefined;
  }

  #move(shift: number): void {
    this.#shift = shift;
    this.#mixed = undefined;
    let at = 0;
    for (const factor of this.#factors) {
      for (const bound of lnBounds) {
        this.#shares[at] = tail(bound - (shift + factor) / sigma);
        at += 1;
      }
    }
  }

  #together(): { above: Float64Array; failing: number } {
    const above = new Float64Array(bounds.length);
    let [sum, failing, at] = [0, 0, 0];
    for (let unit = 0; unit < this.#activity.length; unit += 1) {
      const weight = Math.exp(this.#activity[unit] as number);
      sum += weight;
      failing += weight * (this.#failing[unit] as number);
      for (let j = 0; j < above.length; j += 1) {
        (above[j] as number) += weight * (this.#shares[at] as number);
        at += 1;
      }
    }
    return { above: above.map((weighed) => weighed / sum), failing: failing / sum };
  }
}
