import type { Criteria } from '@graylane/rollout';
import { completeCriteria } from '../../../packages/rollout/src/criteria.ts';
import { newEvidence, type Evidence } from '../../../packages/rollout/src/evidence/evidence.ts';
import { addLook } from '../../../packages/rollout/src/judge.ts';
import { decide } from '../../../packages/rollout/src/verdict/decide.ts';
import type { Recipe } from './recipes.ts';
import { Simulation, type Effect, type Traffic } from './traffic.ts';

/** One rollout, to be simulated many times. */
export interface Scenario {
  readonly name: string;
  readonly traffic: Traffic;
  readonly unit: Criteria['unit'];
  /** A/A looks before the release. */
  readonly calibration: number;
  /** Looks at the release. */
  readonly looks: number;
  readonly effect?: Effect;
  /** The number of looks before the effect begins. Default: 0. */
  readonly onset?: number;
  /** What ends a run. Default: a rollback. */
  readonly until?: 'rollback' | 'pause' | 'promote';
  /** Decides instead of the guard. */
  readonly recipe?: Recipe;
}

/** The look, from 1, at which each action was first taken. */
export interface Outcome {
  rollback?: number;
  pause?: number;
  promote?: number;
  /** The A/A looks drift, so this run cannot roll back any more. */
  barred?: number;
}

/** From this number of looks on a run ends when it cannot roll back any more. */
const hours = 1000;

/** Simulates one rollout. The same seed and stream give the same outcome. */
export function run(scenario: Scenario, seed: number, stream: number): Outcome {
  const { traffic, unit, calibration, looks, effect = {}, onset = 0, until = 'rollback', recipe } = scenario;
  const simulation = new Simulation(traffic, seed, stream);
  const gate = recipe?.();
  const long = looks > hours;
  const evidence = newEvidence();
  const criteria = completeCriteria({ unit });
  for (let look = 0; look < calibration; look += 1) addLook(evidence, simulation.look({}, true), criteria);
  const outcome: Outcome = {};
  for (let number = 1; number <= looks; number += 1) {
    const look = simulation.look(number > onset ? effect : {});
    if (gate !== undefined) {
      if (gate(look)) return { rollback: number };
      continue;
    }
    const question = addLook(evidence, look, criteria);
    if (long && until === 'rollback') makeRobustTestAlone(evidence);
    if (question.totals.calibration.state === 'drifts') {
      outcome.barred ??= number;
      // Twelve hours of a run that can only pause are not worth their time.
      if (long) break;
    }
    const { action } = decide(question);
    if (action === 'hold') continue;
    outcome[action] ??= number;
    // After a promotion the release goes on and may still be rolled back.
    if (action === until || action === 'rollback') break;
  }
  return outcome;
}

/** A rollback depends on no other test, and the other tests take most of the time of a look. */
function makeRobustTestAlone({ slis }: Evidence): void {
  for (const { processes } of Object.values(slis)) processes.fast = processes.reverse = [];
}

/** Outcomes of many runs of a scenario. */
export interface Tally {
  readonly scenario: Scenario;
  runs: number;
  readonly outcomes: Outcome[];
}

/** Adds `count` runs. */
export function simulate(tally: Tally, count: number, seed: number): void {
  for (let index = 0; index < count; index += 1) {
    tally.outcomes.push(run(tally.scenario, seed, tally.runs));
    tally.runs += 1;
  }
}

/** How many runs took an action. */
export function times(tally: Tally, action: keyof Outcome): number {
  return tally.outcomes.filter((outcome) => outcome[action] !== undefined).length;
}

/**
 * The median look of an action over all runs, counted from the onset of the effect; a run without
 * it counts as later than any.
 */
export function medianLook(tally: Tally, action: keyof Outcome): number {
  const { onset = 0 } = tally.scenario;
  const looks = tally.outcomes
    .map((outcome) => (outcome[action] ?? Infinity) - onset)
    .toSorted((one, other) => one - other);
  return looks[Math.floor((looks.length - 1) / 2)] ?? Infinity;
}
