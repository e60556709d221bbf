import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HeartbeatWheel } from '../../src/sse/heartbeat-wheel.ts';

let wheel: HeartbeatWheel<string>;
let beats: Map<string, number>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  beats = new Map();
  wheel = new HeartbeatWheel((member) => void beats.set(member, (beats.get(member) ?? 0) + 1));
});
afterEach(() => {
  wheel.close();
  vi.useRealTimers();
});

test.each([1, 15, 60])('beats once in each %d s for everybody, some now and some then', (periodS) => {
  const members = Array.from({ length: 1200 }, (_, index) => `member ${index}`);
  for (const member of members) wheel.add(member, periodS);
  for (let times = 1; times <= 3; times += 1) {
    vi.advanceTimersByTime((periodS * 1000) / 2);
    expect([...beats.values()].filter((count) => count === times)).toHaveLength(members.length / 2);
    vi.advanceTimersByTime((periodS * 1000) / 2);
    expect(beats).toEqual(new Map(members.map((member) => [member, times])));
  }
});

test('lets a member go', () => {
  const beating = wheel.add('gone', 1);
  wheel.add('there', 1);
  vi.advanceTimersByTime(1000);
  beating.delete('gone');
  vi.advanceTimersByTime(1000);
  expect(Object.fromEntries(beats)).toEqual({ gone: 1, there: 2 });
});

test('stands while it has no members', () => {
  expect(vi.getTimerCount()).toBe(0);
  const beating = wheel.add('there', 1);
  vi.advanceTimersByTime(20_000);
  expect([vi.getTimerCount(), beats.get('there')]).toEqual([1, 20]);
  beating.delete('there');
  vi.advanceTimersByTime(20_000);
  expect(vi.getTimerCount()).toBe(0);
  wheel.add('again', 1);
  vi.advanceTimersByTime(1000);
  expect(beats.get('again')).toBe(1);
});
