import { readFileSync } from 'node:fs';
import { judge, type Evidence } from '@graylane/rollout';
import { describe, expect, test } from 'vitest';
import { run, type Scenario } from './support/guard/run.ts';
import { allScenarios, requestScenarios, stickyScenarios } from './support/guard/scenarios.ts';
import { addOutcomes, keyOf, newTally, restore, store, type StoredTallies } from './support/guard/tallies.ts';
import { Simulation } from './support/guard/traffic.ts';

const seed = 20_260_101;
const kept = JSON.parse(
  readFileSync(new URL('../docs/benchmarks/guard/tallies.json', import.meta.url), 'utf8'),
) as StoredTallies;
const short = allScenarios.filter(({ looks }) => looks <= 400);
const [independent] = requestScenarios as readonly [Scenario];

describe('the outcomes that the page of the guard shows', () => {
  test('are of the scenarios that are simulated', () => {
    expect(Object.keys(kept).toSorted()).toEqual(allScenarios.map(keyOf).toSorted());
  });

  test.each(short.map((scenario) => [keyOf(scenario), scenario] as const))(
    'are those of this code: %s',
    (key, scenario) => {
      const stored = kept[key];
      expect(stored && restore(newTally(scenario), stored, seed)).toBe(true);
    },
  );
});

describe('kept outcomes', () => {
  function simulated(runs: number): ReturnType<typeof newTally> {
    const tally = newTally(independent);
    addOutcomes(
      tally,
      Array.from({ length: runs }, (_, stream) => run(independent, seed, stream)),
    );
    return tally;
  }

  test('are taken up as they were', () => {
    const [tally, again] = [simulated(12), newTally(independent)];
    expect(restore(again, store(tally), seed)).toBe(true);
    expect(store(again)).toEqual(store(tally));
    expect(again.outcomes).toHaveLength(12);
  });

  test('are discarded where the code has others', () => {
    const stored = store(simulated(2));
    const again = newTally(independent);
    expect(restore(again, { ...stored, repeated: [[0, { rollback: 3 }]] }, seed)).toBe(false);
    expect(again.runs).toBe(0);
  });
});

test.each([independent, ...stickyScenarios.filter(({ looks }) => looks === 240).slice(0, 2)])(
  'a simulated run takes the actions of `judge`: $name',
  (scenario) => {
    // Ten times slower than control, so that there are actions to compare.
    const defect = { ...scenario, effect: { slower: 10 } };
    const simulation = new Simulation(scenario.traffic, seed, 1);
    let evidence: Evidence | undefined;
    const outcome: Record<string, number> = {};
    for (let number = 1 - scenario.calibration; number <= scenario.looks; number += 1) {
      const look = simulation.look(number > 0 ? defect.effect : {}, number <= 0);
      const result = judge(evidence, look, { unit: scenario.unit });
      evidence = result.evidence;
      if (number <= 0) continue;
      const { action, calibration } = result.verdict;
      if (calibration?.drifts === true) outcome['barred'] ??= number;
      if (action !== 'hold') outcome[action] ??= number;
      if (action === 'rollback') break;
    }
    expect(outcome['rollback']).toBeGreaterThan(1);
    expect(run(defect, seed, 1)).toEqual(outcome);
  },
);
