import { describe, expect, test } from 'vitest';
import { limit, pageOf } from './support/guard/page.ts';
import { armitage, peek } from './support/guard/peeking.ts';
import { upperBound } from './support/guard/proportion.ts';
import { medianLook, simulate, times, type Scenario, type Tally } from './support/guard/run.ts';
import {
  controls,
  detections,
  late,
  promotions,
  requestScenarios,
  stickyScenarios,
} from './support/guard/scenarios.ts';
import { vectors } from './support/guard/vectors.ts';

// The same simulations as `npm run bench guard`, with fewer runs. They are seeded, so a result
// changes with the code alone.
const seed = 7;

describe('the simulator', () => {
  test.each(vectors())('reproduces $name', ({ published, here }) => {
    for (const [index, value] of published.entries())
      expect(Math.abs((here[index] ?? 0) / value - 1)).toBeLessThan(1e-5);
  });

  test('reproduces the table of Armitage, McPherson and Rowe', () => {
    const rates = peek(10_000, seed);
    for (const [index, [, rate]] of armitage.entries())
      expect(Math.abs((rates[index] ?? 0) - rate)).toBeLessThan(0.02);
  });

  test('knows the bounds of Clopper and Pearson', () => {
    expect(upperBound(0, 100)).toBeCloseTo(0.0362, 4);
    expect(upperBound(5, 100)).toBeCloseTo(0.1128, 4);
    expect(upperBound(100, 100)).toBe(1);
  });
});

describe('a healthy release is rolled back at most as often as alpha allows:', () => {
  // 5 % of 80 runs are 4; more than 11 would happen to a valid test once in 1,000 times.
  test.each(requestScenarios.map((scenario) => [scenario.name, scenario] as const))(
    'requests, %s',
    (_name, scenario) => {
      expect(times(simulated(scenario, 80), 'rollback')).toBeLessThanOrEqual(11);
    },
  );

  const sticky = stickyScenarios.filter(
    ({ looks, traffic: { units, requests } }) =>
      looks === 240 && (requests === 50 ? units?.count === 10 : units?.count === 50 && units.stay === 0.998),
  );
  test.each(sticky.map((scenario) => [scenario.name, scenario] as const))('%s', (_name, scenario) => {
    expect(times(simulated(scenario, 60), 'rollback')).toBeLessThanOrEqual(10);
  });

  test.each(controls.map((scenario) => [scenario.name, scenario] as const))(
    'but not by: %s',
    (_name, scenario) => {
      const tally = simulated(scenario, 200);
      expect(times(tally, 'rollback') / tally.runs).toBeGreaterThan(limit);
    },
  );
});

describe('a defect is found soon:', () => {
  // The goal for a defect of 10 % is missed, as the page says; 41 runs scatter by several looks
  // around the medians of the page.
  const required = detections.filter(({ name }) => !name.startsWith('1.1'));
  test.each(required.map((scenario) => [scenario.name, scenario] as const))('%s', (_name, scenario) => {
    expect(medianLook(simulated(scenario, 41), 'rollback')).toBeLessThanOrEqual(
      1.2 * (scenario.goal ?? Infinity),
    );
  });

  test(`${late.name}, after hours without one`, () => {
    const tally = simulated(late, 15);
    const delays = tally.outcomes
      .map(({ pause = Infinity, rollback = Infinity }) => Math.min(pause, rollback) - (late.onset ?? 0))
      .toSorted((one, other) => one - other);
    expect(delays[7]).toBeGreaterThan(0);
    expect(delays[7]).toBeLessThanOrEqual(late.goal);
  });
});

describe('a release is promoted', () => {
  test.each(promotions.map((scenario) => [scenario.name, scenario] as const))(
    'or not: %s',
    (name, scenario) => {
      const tally = simulated(scenario, 12);
      if (name.includes('slower')) expect(times(tally, 'promote')).toBe(0);
      else if (name.startsWith('requests')) expect(times(tally, 'promote')).toBeGreaterThan(6);
    },
  );
});

test('the page states the true number of runs, and which rows are not shown to pass', () => {
  const [one, other] = [simulated(requestScenarios[0] as Scenario, 2), simulated(controls[2] as Scenario, 3)];
  const page = pageOf(
    {
      vectors: vectors(),
      peeking: { runs: 5, rates: [0.1, 0.2, 0.2, 0.4, 0.4] },
      requests: [one],
      sticky: [],
      expired: [],
      controls: [other],
      detections: [],
      late: { ...simulated({ ...late, looks: 3, onset: 0 }, 1), goal: 30 },
      promotions: [],
    },
    'npm run bench',
  );
  expect(page['guard.md']).toContain('| independent | 240 | 2 | 0 | .842 | 0 |  |');
  expect(page['guard.md']).toContain('**Not shown to pass: independent.**');
  expect(page['guard/controls.svg']).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
});

function simulated(scenario: Scenario, runs: number): Tally {
  const tally: Tally = { scenario, runs: 0, outcomes: [] };
  simulate(tally, runs, seed);
  return tally;
}
