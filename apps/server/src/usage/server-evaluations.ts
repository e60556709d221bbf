import { ruleOf, rulesOf, type Evaluation, type Flag } from '@graylane/flags';
import type { UsageSample } from './flag-usage.ts';

/**
 * The evaluations of this server with one result. Callers on a hot path increase `count`, and call
 * `begin` when it becomes 1.
 */
export interface Tally {
  count: number;
  readonly begin: () => void;
}

/** Counts the evaluations that this server makes for the clients of one protocol. */
export class ServerEvaluations {
  readonly #service: string;
  /** The failures of a flag are made anew each time, so they share one tally. */
  readonly #failures = new WeakMap<Flag, Tally>();
  /** The tallies that were increased since they were read. */
  #samples: Array<(at: number) => UsageSample> = [];

  /** `service` stands for the clients, whose services are not known. */
  constructor(service: string) {
    this.#service = service;
  }

  /** The tally of one evaluation. Callers keep it with the evaluation. */
  tallyOf(flag: Flag, evaluation: Evaluation): Tally {
    if (evaluation.errorCode === undefined) return this.#newTally(flag, evaluation);
    let tally = this.#failures.get(flag);
    if (tally === undefined) this.#failures.set(flag, (tally = this.#newTally(flag, evaluation)));
    return tally;
  }

  /** The counts since the last call. */
  drain(at: number): readonly UsageSample[] {
    const samples = this.#samples.map((sampleAt) => sampleAt(at));
    this.#samples = [];
    return samples;
  }

  #newTally(flag: Flag, evaluation: Evaluation): Tally {
    const tally: Tally = { count: 0, begin: () => void this.#samples.push(sampleAt) };
    const sampleAt = (at: number): UsageSample => {
      const { count } = tally;
      tally.count = 0;
      const index = ruleOf(evaluation);
      const rule = index === undefined ? undefined : rulesOf(flag)[index]?.id;
      const { variant } = evaluation;
      return { flagKey: flag.key, service: this.#service, variant, lane: undefined, rule, count, at };
    };
    return tally;
  }
}
