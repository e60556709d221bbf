import {
  admit,
  baggageCounts,
  formatBaggage,
  getCell,
  getLane,
  type BaggageEvent,
  type IngressPolicy,
} from '@graylane/baggage';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { afterEach, describe, expect, test, vi } from 'vitest';

const now = Date.UTC(2026, 10, 24) / 1000;

afterEach(() => {
  vi.useRealTimers();
});

describe('strip', () => {
  test('lets nothing in, and counts what came', () => {
    expect(counting(() => arrive('lane=gray,user-id=ada', { mode: 'strip' }))).toEqual(['', { stripped: 2 }]);
  });
});

describe('accept', () => {
  const accept = { mode: 'accept', keys: ['lane', 'pins', 'user-id'] } as const;

  test('lets in the members that it names, with their properties', () => {
    expect(counting(() => arrive('admin=1,user-id=ada,lane=gray;p=1,bad', accept))).toEqual([
      'lane=gray;p=1,user-id=ada',
      { stripped: 1, rejected: 1 },
    ]);
  });

  test('honours the expiry of a lane, with 30 seconds for clocks that differ', () => {
    vi.setSystemTime(now * 1000);
    for (const expiry of [now - 30, now, now + 1, 999_999_999_999]) {
      expect(laneOf(`lane=gray;exp=${expiry}`, accept)).toBe('gray');
    }
    for (const expiry of [now - 31, 0, '', 'soon', '-1', '1e12', '9999999999999', '%FF']) {
      expect(counting(() => arrive(`lane=gray;exp=${expiry},pins=a:b:c,user-id=ada`, accept))).toEqual([
        'user-id=ada',
        { expired: 1, stripped: 1 },
      ]);
    }
    expect(laneOf('lane=gray;exp', accept)).toBe('baseline');
  });

  test('takes the first of two expiries, so that nobody prolongs one by adding another', () => {
    vi.setSystemTime(now * 1000);
    expect(laneOf(`lane=gray;exp=${now - 100};exp=${now + 100}`, accept)).toBe('baseline');
  });

  test('raises the hops of a lane that counts them, and ends a loop', () => {
    let header = 'lane=gray;hops=0;p,user-id=ada';
    for (let hop = 1; hop <= 32; hop += 1) {
      header = arrive(header, accept);
      expect(header).toBe(`lane=gray;hops=${hop};p,user-id=ada`);
    }
    expect(counting(() => arrive(header, accept))).toEqual(['user-id=ada', { looped: 1 }]);
    expect(laneOf('lane=gray;hops=2', { ...accept, maxHops: 2 })).toBe('baseline');
    for (const hops of ['', 'x', '-1', '1e1', '9999999']) {
      expect(laneOf(`lane=gray;hops=${hops}`, accept)).toBe('baseline');
    }
  });

  test('begins to count the hops of a lane where it is told how many there may be', () => {
    const counting3 = { ...accept, maxHops: 3 };
    expect(arrive('user-id=ada,lane=gray', counting3)).toBe('lane=gray;hops=1,user-id=ada');
    expect(arrive('lane=gray;p=1;q,user-id=ada', counting3)).toBe('lane=gray;p=1;q;hops=1,user-id=ada');
    expect(arrive('lane=gray;p=1;hops=2', counting3)).toBe('lane=gray;p=1;hops=3');
    expect(arrive('user-id=ada', counting3)).toBe('user-id=ada');
    expect(arrive('lane=gray', { ...accept, maxHops: 0 })).toBe('');
    const meshed = { mode: 'accept', keys: ['lane'], laneKey: 'no token', maxHops: 3 } as const;
    expect(arrive('lane=gray', meshed)).toBe('lane=gray');
  });

  test('runs a lane that there is not in baseline, and drops what was pinned in it', () => {
    const some = { ...accept, lanes: ['gray', 'team-a'] };
    expect(laneOf('lane=team-a', some)).toBe('team-a');
    expect(counting(() => arrive('lane=team-b,pins=a:b:c,user-id=ada', some))).toEqual([
      'user-id=ada',
      { unknown: 1, stripped: 1 },
    ]);
  });

  test('asks a kill switch about each request, and believes in none that fails', () => {
    const alive = new Set(['gray']);
    const switched: IngressPolicy = { ...accept, lanes: (lane) => alive.has(lane) };
    expect(laneOf('lane=gray', switched)).toBe('gray');
    alive.clear();
    expect(laneOf('lane=gray', switched)).toBe('baseline');
    const broken: IngressPolicy = {
      ...accept,
      lanes: () => {
        throw new Error('the switch is gone');
      },
    };
    expect(laneOf('lane=gray', broken)).toBe('baseline');
  });

  test('finds the lane under a key of its own', () => {
    const mesh = { mode: 'accept', keys: ['x-mesh', 'a'], laneKey: 'x-mesh' } as const;
    expect(laneOf('a=1,x-mesh=gray', mesh)).toBe('gray');
    const cell = getCell(admit(['a=1'], mesh, ROOT_CONTEXT));
    cell?.dye('blue');
    expect(cell && formatBaggage(cell.outgoing)).toBe('x-mesh=blue,a=1');
  });
});

function arrive(header: string, policy: IngressPolicy): string {
  const cell = getCell(admit([header], policy, ROOT_CONTEXT));
  return cell ? formatBaggage(cell.outgoing) : 'no cell';
}

function laneOf(header: string, policy: IngressPolicy): string {
  return getLane(admit([header], policy, ROOT_CONTEXT));
}

/** What a function returns, and what has been counted meanwhile. */
function counting<T>(fn: () => T): [T, Partial<Record<BaggageEvent, number>>] {
  const before = baggageCounts();
  const result = fn();
  const changed = Object.entries(baggageCounts()).map(([event, times]) => [
    event,
    times - (before[event as BaggageEvent] ?? 0),
  ]);
  return [result, Object.fromEntries(changed.filter(([, times]) => times !== 0)) as never];
}
