import { instrumentLanes, laneMetrics, type InstrumentLanesOptions } from '@graylane/telemetry';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { runInLane } from '@graylane/baggage';
import { context } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { durationBoundaries } from '../src/metrics/duration-boundaries.ts';

const { views } = instrumentLanes({ lanes: ['gray', 'team-a'] });

function label(lane: string): unknown {
  const process = views[0]?.attributesProcessors[0]?.process;
  return runInLane(lane, () => process?.({}, context.active())['lane']);
}

describe('the lane label', () => {
  test.each([
    ['gray', 'gray'],
    ['gray-control', 'gray-control'],
    ['team-a', 'team-a'],
    ['baseline', 'baseline'],
    ['team-b', 'other'],
    ['team-b-control', 'other'],
    // These can't be lanes, so the code runs in baseline.
    ['other', 'baseline'],
    ['__proto__', 'baseline'],
    ['gray\nx', 'baseline'],
  ])('of %j is %s', (lane, expected) => {
    expect(label(lane)).toBe(expected);
  });

  test('is baseline outside of a request', () => {
    expect(views[0]?.attributesProcessors[0]?.process({}, ROOT_CONTEXT)).toEqual({ lane: 'baseline' });
  });

  test('takes only the known ones of 10,000 random lanes', () => {
    const labels = new Set(Array.from({ length: 10_000 }, (_, index) => label(`lane-${index}`)));
    expect([...labels]).toEqual(['other']);
  });
});

describe('lanes that can not be', () => {
  test.each([
    [['Gray'], 'must be a DNS label'],
    [['a b'], 'must be a DNS label'],
    [['baseline'], 'is reserved'],
    [['gray-control'], 'their controls are included'],
  ])('%j are refused', (lanes, message) => {
    expect(() => instrumentLanes({ lanes })).toThrow(message);
    expect(() => laneMetrics({ lanes })).toThrow(message);
  });

  test('are refused where they are missing, and so are options that do not exist', () => {
    expect(() => instrumentLanes({} as InstrumentLanesOptions)).toThrow('lanes must be an array');
    const misspelt = { lanes: [], bagage: ['x'] } as unknown as InstrumentLanesOptions;
    expect(() => instrumentLanes(misspelt)).toThrow('has no option "bagage"');
  });
});

test('neighbouring boundaries of durations differ by at most 20 %, from 1 ms to 10 s', () => {
  expect([durationBoundaries[0], durationBoundaries.at(-1)]).toEqual([0.001, 10]);
  const ratios = durationBoundaries.slice(1).map((bound, index) => bound / (durationBoundaries[index] ?? 0));
  expect(Math.max(...ratios)).toBeLessThanOrEqual(1.2);
  expect(Math.min(...ratios)).toBeGreaterThan(1);
});
