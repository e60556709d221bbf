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

  test('lets in the members that it names, with their properties; a lane has none', () => {
    expect(counting(() => arrive('admin=1,user-id=ada;p=1,lane=gray;p=1,bad', accept))).toEqual([
      'lane=gray,user-id=ada;p=1',
      { stripped: 1, rejected: 1 },
    ]);
  });

  test('honours the expiry of a lane, with 30 seconds for clocks that differ', () => {
    vi.setSystemTime(now * 1000);
    for (const expiry of [now - 30, now, now + 1, 999_999_999_999, '']) {
      expect(laneOf(`lane=gray,lane-seal=1.0.${expiry}`, accept)).toBe('gray');
    }
    for (const expiry of [now - 31, 1]) {
      const header = `pins=a.b.c,lane-seal=1.0.${expiry},user-id=ada,lane=gray`;
      expect(counting(() => arrive(header, accept))).toEqual(['user-id=ada', { expired: 1, stripped: 1 }]);
    }
  });

  test('takes no lane whose seal it can not read: its expiry is unknown', () => {
    const seals = [
      '',
      '1',
      '1.0',
      '2.0.',
      '1.0.0',
      '1.0.soon',
      '1.0.-1',
      '1.0.1e12',
      '1.0.9999999999999',
      '1.x.',
      '1.-1.',
    ];
    for (const seal of [...seals, '1.9999999.', '1.0.1.k.a', '1.0.1.k.a.sig', '1.0. ', '%FF', '1.0.%3Bp']) {
      expect(
        counting(() =>
          arrive(`lane=gray,lane-seal=${seal.trim()}${seal.endsWith(' ') ? '%20' : ''},user-id=ada`, accept),
        ),
      ).toEqual(['user-id=ada', { rejected: 1 }]);
    }
    expect(arrive('lane-seal=1.0.,user-id=ada', accept)).toBe('user-id=ada');
  });

  test('reads no property of the lane: a mark has its seal in a member of its own', () => {
    vi.setSystemTime(now * 1000);
    expect(arrive(`lane=gray;exp=${now - 100};hops=99`, accept)).toBe('lane=gray');
  });

  test.each(['Gray', 'team a', 'gray;exp=1', '-gray', 'gray-', 'a.b', '灰度', 'x'.repeat(64), 'other'])(
    'takes no lane that is not a DNS label: %s',
    (lane) => {
      const header = `lane=${encodeURIComponent(lane)},pins=a.b.c,user-id=ada`;
      expect(counting(() => arrive(header, accept))).toEqual(['user-id=ada', { invalid: 1, stripped: 1 }]);
    },
  );

  test.each(['g', '0', 'x'.repeat(63), 'team-a', 'gray-control', 'baseline'])('takes the lane %s', (lane) => {
    expect(laneOf(`lane=${lane}`, accept)).toBe(lane);
  });

  test('writes a lane that came encoded as it is', () => {
    expect(arrive('lane=%67ray,user-id=a%62', accept)).toBe('lane=gray,user-id=a%62');
  });

  test('raises the hops of a lane that counts them, and ends a loop', () => {
    let header = 'user-id=ada,lane=gray,lane-seal=1.0.';
    for (let hop = 1; hop <= 32; hop += 1) {
      header = arrive(header, accept);
      expect(header).toBe(`lane=gray,lane-seal=1.${hop}.,user-id=ada`);
    }
    expect(counting(() => arrive(header, accept))).toEqual(['user-id=ada', { looped: 1 }]);
    expect(laneOf('lane=gray,lane-seal=1.2.', { ...accept, maxHops: 2 })).toBe('baseline');
  });

  test('begins to count the hops of a lane with maxHops', () => {
    const counting3 = { ...accept, maxHops: 3 };
    expect(arrive('user-id=ada,lane=gray', counting3)).toBe('lane=gray,lane-seal=1.1.,user-id=ada');
    expect(arrive('lane=gray,lane-seal=1.2.', counting3)).toBe('lane=gray,lane-seal=1.3.');
    expect(arrive('user-id=ada', counting3)).toBe('user-id=ada');
    expect(arrive('lane=gray', { ...accept, maxHops: 0 })).toBe('');
  });

  test('runs a lane that there is not in baseline, and drops what was pinned in it', () => {
    const some = { ...accept, lanes: ['gray', 'team-a'] };
    expect(laneOf('lane=team-a', some)).toBe('team-a');
    expect(laneOf('lane=team-a-control', some)).toBe('team-a-control');
    expect(laneOf('lane=team-b-control', some)).toBe('baseline');
    expect(counting(() => arrive('lane=team-b,pins=a.b.c,user-id=ada', some))).toEqual([
      'user-id=ada',
      { unknown: 1, stripped: 1 },
    ]);
  });

  test('calls a kill switch for each request, and ignores one that fails', () => {
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

/** The result of a function, and the counts during its call. */
function counting<T>(fn: () => T): [T, Partial<Record<BaggageEvent, number>>] {
  const before = baggageCounts();
  const result = fn();
  const changed = Object.entries(baggageCounts()).map(([event, times]) => [
    event,
    times - (before[event as BaggageEvent] ?? 0),
  ]);
  return [result, Object.fromEntries(changed.filter(([, times]) => times !== 0)) as never];
}
