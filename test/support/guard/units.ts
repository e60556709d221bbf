import { bounds, lnBounds, sigma, tail } from './durations.ts';
import type { Random } from './random.ts';

/** How units that stay in an arm behave. */
export interface Stickiness {
  readonly count: number;
  /** Of the AR(1) process of each unit's log activity, per look; 1 stands still. */
  readonly stay: number;
}

/** Each unit's activity changes at every fourth look, by four steps of its process at once. */
const turns = 4;

/**
 * Users or tenants that stay in an arm. Each has its own activity (lognormal, standard deviation
 * 1), durations and failures (each by a lognormal factor, standard deviation .3).
 */
export class Units {
  readonly #random: Random;
  readonly #stay: number;
  readonly #noise: number;
  /** The logarithm of each unit's activity, and the activity. */
  readonly #logs: Float64Array;
  readonly #weights: Float64Array;
  readonly #factors: Float64Array;
  readonly #failing: Float64Array;
  /** Each unit's shares above the boundaries, at the shift that they were computed for. */
  readonly #shares: Float64Array;
  #shift = Number.NaN;
  /** Over all units: their activity, weighed by it their failures, and their shares. */
  #activity = 0;
  #failures = 0;
  readonly #above = new Float64Array(bounds.length);
  #turn = 0;

  constructor({ count, stay }: Stickiness, random: Random) {
    this.#random = random;
    this.#stay = stay ** turns;
    this.#noise = Math.sqrt(1 - this.#stay * this.#stay);
    this.#logs = Float64Array.from({ length: count }, () => random.normal());
    this.#weights = this.#logs.map((log) => exp(log));
    this.#factors = Float64Array.from({ length: count }, () => 0.3 * random.normal());
    this.#failing = Float64Array.from({ length: count }, () => Math.exp(0.3 * random.normal()));
    this.#shares = new Float64Array(count * bounds.length);
  }

  /** (sum w)^2 / sum w^2. */
  get effective(): number {
    let [sum, squares] = [0, 0];
    for (const weight of this.#weights) {
      sum += weight;
      squares += weight * weight;
    }
    return (sum * sum) / squares;
  }

  /** Writes the shares of requests above each boundary; returns the mean factor of failures. */
  mix(shift: number, above: Float64Array): number {
    if (shift !== this.#shift) this.#move(shift);
    if (this.#noise > 0) this.#wander();
    for (let j = 0; j < above.length; j += 1) above[j] = (this.#above[j] as number) / this.#activity;
    return this.#failures / this.#activity;
  }

  #wander(): void {
    for (let unit = this.#turn; unit < this.#logs.length; unit += turns) {
      const log = this.#stay * (this.#logs[unit] as number) + this.#noise * this.#random.normal();
      const weight = exp(log);
      this.#add(unit, weight - (this.#weights[unit] as number));
      this.#logs[unit] = log;
      this.#weights[unit] = weight;
    }
    this.#turn = (this.#turn + 1) % turns;
  }

  #move(shift: number): void {
    this.#shift = shift;
    [this.#activity, this.#failures] = [0, 0];
    this.#above.fill(0);
    for (const [unit, factor] of this.#factors.entries()) {
      for (const [j, bound] of lnBounds.entries()) {
        this.#shares[unit * bounds.length + j] = tail(bound - (shift + factor) / sigma);
      }
      this.#add(unit, this.#weights[unit] as number);
    }
  }

  /** Adds to the activity of a unit in the sums over all. */
  #add(unit: number, weight: number): void {
    this.#activity += weight;
    this.#failures += weight * (this.#failing[unit] as number);
    const first = unit * bounds.length;
    for (let j = 0; j < this.#above.length; j += 1) {
      (this.#above[j] as number) += weight * (this.#shares[first + j] as number);
    }
  }
}

const steps = 64;
const powers = Float64Array.from({ length: 16 * steps + 1 }, (_, index) => Math.exp(index / steps - 8));

/** e^x to 1e-9: a table, and three terms of the series. */
function exp(x: number): number {
  const index = Math.round(x * steps);
  const rest = x - index / steps;
  const power = powers[index + 8 * steps] ?? Math.exp(index / steps);
  return power * (1 + rest * (1 + rest * (1 / 2 + rest / 6)));
}
