import { describe, expect, test } from 'vitest';
import { AllocationMeter } from '../src/memory/allocation-meter.ts';
import { findAllocationPeaks } from '../src/memory/allocation-peaks.ts';
import { MemoryTimeline, type MemorySample } from '../src/memory/memory-timeline.ts';
import { Ring } from '../src/requests/ring.ts';
import { collectGarbage } from './support.ts';

const mebibyte = 2 ** 20;

describe('the allocation meter', () => {
  test('measures what was allocated, also what was collected in between', () => {
    const meter = new AllocationMeter();
    meter.read();
    let kept: unknown[] = [];
    for (let round = 0; round < 8; round++) {
      kept = Array.from({ length: 50_000 }, (_, index) => ({ index, round }));
      collectGarbage();
    }
    const { allocatedBytes } = meter.read();
    expect(kept).toHaveLength(50_000);
    // An object of two numbers and its place in the array take about 40 bytes: 16 MB in all, of
    // which an eighth is left.
    expect(allocatedBytes).toBeGreaterThan(10 * mebibyte);
    expect(allocatedBytes).toBeLessThan(200 * mebibyte);
    meter.close();
  });
});

describe('the memory timeline', () => {
  test('has heap and collections on one clock', async () => {
    const timeline = new MemoryTimeline();
    collectGarbage(2);
    const majors = (): number =>
      timeline.toJson().samples.reduce((sum, { gc }) => sum + (gc.major?.count ?? 0), 0);
    await expect.poll(() => (timeline.sample(), majors())).toBeGreaterThanOrEqual(2);
    expect(timeline.toJson().samples.at(-1)?.usedBytes).toBeGreaterThan(mebibyte);
    timeline.close();
  });

  test('is a ring', () => {
    const ring = new Ring<number>(3);
    for (const value of [1, 2, 3, 4, 5]) ring.push(value);
    expect(ring.toArray()).toEqual([3, 4, 5]);
  });
});

describe('allocation peaks', () => {
  const second = (index: number, megabytes: number, majors = 0): MemorySample => ({
    at: index * 1000,
    usedBytes: 0,
    residentBytes: 0,
    allocatedBytes: megabytes * mebibyte,
    gc: majors > 0 ? { major: { count: majors, pauseMs: 10 * majors } } : {},
  });
  const series = (megabytes: readonly number[], majorAt: number): MemorySample[] =>
    megabytes.map((each, index) => second(index, each, index === majorAt ? 1 : 0));

  test('are windows of much allocation that a major collection follows', () => {
    expect(findAllocationPeaks(series([1, 1, 1, 1, 20, 30, 1, 1, 1, 1, 1], 7))).toEqual([
      {
        from: 3000,
        to: 5000,
        allocatedBytes: 50 * mebibyte,
        timesMedian: 25,
        majorGcs: 1,
        majorPauseMs: 10,
      },
    ]);
  });

  test('without a major collection, or after one, are none', () => {
    expect(findAllocationPeaks(series([1, 1, 1, 1, 20, 30, 1, 1, 1, 1, 1], -1))).toEqual([]);
    expect(findAllocationPeaks(series([1, 1, 1, 1, 20, 30, 1, 1, 1, 1, 1], 1))).toEqual([]);
  });

  test('are none where allocation is even, or small', () => {
    expect(findAllocationPeaks(series([9, 9, 9, 9, 9], 4))).toEqual([]);
    expect(findAllocationPeaks(series([0, 0, 0.5, 0, 0], 4))).toEqual([]);
  });
});
