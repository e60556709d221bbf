import { parentPort } from 'node:worker_threads';
import { run } from './run.ts';
import { allScenarios } from './scenarios.ts';

/** Runs of a scenario for a worker to simulate. */
export interface Task {
  /** The index of the scenario. */
  readonly index: number;
  /** The number of the first run. */
  readonly from: number;
  readonly count: number;
  readonly seed: number;
}

parentPort?.on('message', ({ index, from, count, seed }: Task) => {
  const scenario = allScenarios[index];
  if (scenario === undefined) throw new RangeError(`there is no scenario ${index}`);
  const outcomes = Array.from({ length: count }, (_, offset) => run(scenario, seed, from + offset));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window
  parentPort?.postMessage(outcomes);
});
