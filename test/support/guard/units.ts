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
  /** Each unit's shares above a boundary, by boundary, at the shift of which they are. */
  readonly #shares: readonly Float64Array[];
  readonly #weights: Float64Array;
  /** The weights added up, unit by unit. */
  readonly #ends: Float64Array;
  #shift = Number.NaN;
  /** The shares of all units together, while neither their mix nor the shift changes. */
  #mixed: { readonly above: Float64Array; readonly failing: number } | undefined;

  constructor({ count, stay }: Stickiness, random: Random) {
    this.#stay = stay;
    this.#random = random;
    this.#activity = Float64Array.from({ length: count }, () => random.normal());
    this.#factors = Float64Array.from({ length: count }, () => 0.3 * random.normal());
    this.#failing = Float64Array.from({ length: count }, () => Math.exp(0.3 * random.normal()));
    this.#shares = bounds.map(() => new Float64Array(count));
    this.#weights = new Float64Array(count);
    this.#ends = new Float64Array(count);
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

  /** Drawing each of so few requests from a unit of its own is cheaper than to mix many units. */
  drawsSingly(requests: number): boolean {
    return this.#stay < 1 && requests < this.#activity.length / 4;
  }

  /** Draws the durations of requests, in buckets; returns the mean factor of failures as well. */
  draw(requests: number, shift: number): { counts: number[]; failing: number } {
    this.#wander();
    if (shift !== this.#shift) this.#move(shift);
    const sum = this.#weigh();
    const ends = this.#ends;
    let end = 0;
    for (let unit = 0; unit < ends.length; unit += 1) ends[unit] = end += this.#weights[unit] as number;
    const counts = Array.from({ length: bounds.length + 1 }, () => 0);
    for (let request = 0; request < requests; request += 1) {
      const unit = firstAbove(ends, this.#random.uniform() * end);
      const rank = this.#random.uniform();
      let bucket = 0;
      while (bucket < bounds.length && rank < (this.#shares[bucket]?.[unit] as number)) bucket += 1;
      (counts[bucket] as number) += 1;
    }
    return { counts, failing: dot(this.#weights, this.#failing) / sum };
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
    for (const [j, shares] of this.#shares.entries()) {
      const bound = lnBounds[j] as number;
      for (let unit = 0; unit < shares.length; unit += 1) {
        shares[unit] = tail(bound - (shift + (this.#factors[unit] as number)) / sigma);
      }
    }
  }

  #together(): { above: Float64Array; failing: number } {
    const sum = this.#weigh();
    const mean = (values: Float64Array): number => dot(this.#weights, values) / sum;
    return { above: Float64Array.from(this.#shares, mean), failing: mean(this.#failing) };
  }

  /** Writes the weights, and returns their sum. */
  #weigh(): number {
    let sum = 0;
    for (let unit = 0; unit < this.#weights.length; unit += 1) {
      const weight = exp(this.#activity[unit] as number);
      this.#weights[unit] = weight;
      sum += weight;
    }
    return sum;
  }
}

/** The index of the first of rising values that is above `value`; the last one if none is. */
function firstAbove(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Four sums at a time, which a processor adds up side by side. */
function dot(one: Float64Array, other: Float64Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let index = 0;
  for (; index + 3 < one.length; index += 4) {
    a += (one[index] as number) * (other[index] as number);
    b += (one[index + 1] as number) * (other[index + 1] as number);
    c += (one[index + 2] as number) * (other[index + 2] as number);
    d += (one[index + 3] as number) * (other[index + 3] as number);
  }
  for (; index < one.length; index += 1) a += (one[index] as number) * (other[index] as number);
  return a + b + c + d;
}

const steps = 64;
const powers = Float64Array.from({ length: 16 * steps + 1 }, (_, index) => Math.exp(index / steps - 8));

/** e^x to 1e-9 for x from -8 to 8: a table and three terms of the series. */
function exp(x: number): number {
  const index = Math.round(x * steps);
  const rest = x - index / steps;
  const power = powers[index + 8 * steps] ?? Math.exp(index / steps);
  return power * (1 + rest * (1 + rest * (1 / 2 + rest / 6)));
}
