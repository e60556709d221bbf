import type { Histogram, Look, Ratio } from '@graylane/rollout';
import { bounds, lnBounds, lnTail, sigma, tail } from './durations.ts';
import { Random } from './random.ts';
import { Units, type Stickiness } from './units.ts';

/** What the gray release does to its requests. */
export interface Effect {
  /** Durations are multiplied by this. */
  readonly slower?: number;
  /** This share of requests takes a second longer. */
  readonly tail?: number;
  /** The share of failed requests, instead of .5 %. */
  readonly errors?: number;
}

/** Traffic to simulate. Durations are lognormal (median 50 ms, sigma .8); .5 % of requests fail. */
export interface Traffic {
  /** Requests a look: of each arm, or by the number of the look. */
  readonly requests: number | ((look: number) => { gray: number; control: number });
  /** Sticky units in each arm; without them every request is drawn anew. */
  readonly units?: Stickiness;
  /** The base rate drifts: amplitude of a sine in log duration, one period in 240 looks. */
  readonly drift?: number;
  /** An independent lognormal factor by look and arm; with `bursts` an AR(1) process of it. */
  readonly shock?: number;
  readonly bursts?: number;
  /** The load of both arms alike: deviation of an AR(1) process (.95) in log duration. */
  readonly load?: number;
  /** The share of looks in which a counter was reset in one arm. */
  readonly resets?: number;
}

const failureRate = 0.005;

/** Two arms of the same traffic, look by look. */
export class Simulation {
  readonly #traffic: Traffic;
  readonly #random: Random;
  readonly #gray: Arm;
  readonly #control: Arm;
  readonly #units: { gray: number; control: number } | undefined;
  #index = 0;
  #load = 0;

  constructor(traffic: Traffic, seed: number, stream: number) {
    this.#traffic = traffic;
    this.#random = new Random(seed, stream);
    this.#gray = new Arm(traffic, this.#random);
    this.#control = new Arm(traffic, this.#random);
    const [gray, control] = [this.#gray.units, this.#control.units];
    if (gray !== undefined && control !== undefined) this.#units = { gray, control };
  }

  look(effect: Effect, sameCode = false): Look {
    const index = this.#index;
    this.#index += 1;
    const { requests, resets = 0 } = this.#traffic;
    const sizes = typeof requests === 'number' ? { gray: requests, control: requests } : requests(index);
    const load = this.#nextLoad();
    let gray = this.#gray.look(sizes.gray, index, effect, load);
    let control = this.#control.look(sizes.control, index, {}, load);
    if (resets > 0 && this.#random.uniform() < resets) {
      if (this.#random.uniform() < 0.5) gray = this.#reset(gray);
      else control = this.#reset(control);
    }
    return {
      at: 15_000 * (index + 1),
      slis: {
        errors: { gray: gray.errors, control: control.errors },
        latency: { gray: gray.durations, control: control.durations },
      },
      ...(this.#units && { units: this.#units }),
      ...(sameCode && { sameCode: true }),
    };
  }

  /** Without load the same numbers are drawn as before there was any. */
  #nextLoad(): number {
    const { load = 0 } = this.#traffic;
    if (load > 0) this.#load = 0.95 * this.#load + Math.sqrt(1 - 0.95 ** 2) * load * this.#random.normal();
    return this.#load;
  }

  /**
   * Half of the resets show as negative counts; the others lose the requests before the restart.
   */
  #reset({ durations, errors }: ArmCounts): ArmCounts {
    const negative = this.#random.uniform() < 0.5;
    const kept = this.#random.uniform();
    if (negative) {
      return {
        durations: { ...durations, counts: durations.counts.map((count) => count - 100) },
        errors: { ...errors, total: errors.total - 1000 },
      };
    }
    const counts = durations.counts.map((count) => this.#random.binomial(count, kept));
    const bad = this.#random.binomial(errors.bad, kept);
    const good = this.#random.binomial(errors.total - errors.bad, kept);
    return { durations: { ...durations, counts }, errors: { ...errors, bad, total: bad + good } };
  }
}

/** What one arm counts in one look. */
interface ArmCounts {
  readonly durations: Histogram;
  readonly errors: Ratio;
}

/** One arm: its units, and the state of its shocks. */
class Arm {
  readonly #traffic: Traffic;
  readonly #random: Random;
  readonly #units: Units | undefined;
  readonly #above = new Float64Array(bounds.length);
  #shock: number;

  constructor(traffic: Traffic, random: Random) {
    this.#traffic = traffic;
    this.#random = random;
    this.#units = traffic.units && new Units(traffic.units, random);
    this.#shock = (traffic.shock ?? 0) * random.normal();
  }

  /** The effective number of units, where they are sticky. */
  get units(): number | undefined {
    return this.#units?.effective;
  }

  look(requests: number, index: number, effect: Effect, load: number): ArmCounts {
    const { drift = 0, shock = 0, bursts = 0 } = this.#traffic;
    if (shock > 0) {
      const fresh = Math.sqrt(1 - bursts * bursts) * shock * this.#random.normal();
      this.#shock = bursts * this.#shock + fresh;
    }
    const season = drift * Math.sin((2 * Math.PI * index) / 240);
    const shift = season + load + this.#shock + Math.log(effect.slower ?? 1);
    const { counts, failing } = this.#durations(requests, shift, effect.tail);
    const rate = Math.min(1, (effect.errors ?? failureRate) * failing);
    return {
      durations: { kind: 'histogram', bounds, counts },
      errors: { kind: 'ratio', total: requests, bad: this.#random.binomial(requests, rate) },
    };
  }

  #durations(requests: number, shift: number, late?: number): { counts: number[]; failing: number } {
    const failing = this.#units?.mix(shift, this.#above) ?? 1;
    if (this.#units === undefined) {
      for (let j = 0; j < bounds.length; j += 1) {
        this.#above[j] = tail((lnBounds[j] as number) - shift / sigma);
      }
    }
    if (late !== undefined) this.#lengthen(late, shift);
    return { counts: this.#draw(requests), failing };
  }

  /** Makes a share of the requests a second longer. */
  #lengthen(share: number, shift: number): void {
    for (let j = 0; j < bounds.length; j += 1) {
      const late = tail((lnTail[j] as number) - shift / sigma);
      this.#above[j] = (1 - share) * (this.#above[j] as number) + share * late;
    }
  }

  /** A multinomial draw, one binomial a bucket. */
  #draw(requests: number): number[] {
    const counts: number[] = [];
    let [left, above] = [requests, 1];
    for (const next of this.#above) {
      const share = Math.max(0, 1 - next / above);
      const inside = left === 0 || above <= 0 ? 0 : this.#random.binomial(left, share);
      counts.push(inside);
      left -= inside;
      above = next;
    }
    counts.push(left);
    return counts;
  }
}
