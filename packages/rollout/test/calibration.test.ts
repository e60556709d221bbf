import { describe, expect, test } from 'vitest';
import { Random } from '../../../test/support/guard/random.ts';
import { judge, type Criteria, type Evidence, type Look, type Verdict } from '../src/index.ts';
import { newCalibration, calibrate, marginAt } from '../src/statistics/calibration.ts';
import { newDifferences } from '../src/evidence/evidence.ts';
import { addToSeries, correlation, drift, newSeries, seriesSince } from '../src/statistics/series.ts';
import { at, errors } from './looks.ts';

const tenants: Criteria = { unit: 'tenant' };
const units = { gray: 10, control: 12 };

describe('users and tenants', () => {
  test('pause, but do not roll back, while the arms are not calibrated', () => {
    const { actions, verdict } = follow(new Traffic().looks(40, 0.2, 0.02), tenants);
    expect(actions.at(-1)).toBe('pause');
    expect(actions).not.toContain('rollback');
    expect(verdict.holds.join()).toContain('the effective number of units is unknown, so tests only pause');
    const counted = new Traffic().looks(40, 0.2, 0.02).map((look) => ({ ...look, units }));
    const { holds } = follow(counted, tenants).verdict;
    expect(holds.join()).toContain(
      'each of the effectively 10 and 12 units made 400.0 requests, more than 3',
    );
  });

  test('roll back without a calibration while each has made at most three requests', () => {
    const many = new Traffic()
      .looks(20, 0.2, 0.02)
      .map((look) => ({ ...look, units: { gray: 800, control: 900 } }));
    expect(follow(many, tenants).actions).toContain('rollback');
  });

  test('roll back once the arms are calibrated', () => {
    const traffic = new Traffic();
    const { actions, verdict } = follow(
      [...traffic.same(60, 0.05, 0.05), ...traffic.looks(60, 0.2, 0.05)],
      tenants,
    );
    expect(actions.at(-1)).toBe('rollback');
    expect(verdict.total.threshold).toBeCloseTo(Math.log(40), 10);
    expect(verdict.calibration).toMatchObject({ looks: 60, validUntil: at(59) + 4 * 60 * 15_000 });
    expect(verdict.calibration?.blindBelow['errors']).toBeGreaterThan(1.1);
  });

  test('are not stopped by the difference that they had on the same code', () => {
    const traffic = new Traffic();
    const before = traffic.same(60, 0.12, 0.05);
    expect(follow([...before, ...traffic.looks(240, 0.12, 0.05)], tenants).actions).not.toContain('rollback');
    // The control of this test: requests of unknown origin with the same difference are.
    expect(follow(new Traffic().looks(240, 0.12, 0.05), { unit: 'request' }).actions).toContain('rollback');
  });

  test('only pause when the calibration is older than four times its looks', () => {
    const traffic = new Traffic();
    const looks = [
      ...traffic.same(20, 0.05, 0.05),
      ...traffic.looks(80, 0.05, 0.05),
      ...traffic.looks(60, 0.5, 0.05),
    ];
    const { actions, holds } = follow(looks, tenants);
    expect(actions.slice(100)).toContain('pause');
    expect(actions).not.toContain('rollback');
    expect(holds.join()).toMatch(
      /the calibration was valid until 2026-01-01T00:24:45.000Z, 4 times its 20 looks/,
    );
  });

  test('need a new calibration when other members are in the arms', () => {
    const traffic = new Traffic();
    const before = traffic.same(60, 0.05, 0.05).map((look) => ({ ...look, members: '5 %' }));
    const after = traffic.looks(40, 0.3, 0.05).map((look) => ({ ...look, members: '10 %' }));
    const { actions, verdict } = follow([...before, ...after], tenants);
    expect(actions).not.toContain('rollback');
    expect(verdict.calibration).toBeUndefined();
    const unchanged = after.map((look) => ({ ...look, members: '5 %' }));
    expect(follow([...before, ...unchanged], tenants).actions).toContain('rollback');
  });

  test('keep the calibration at another revision, as long as it is valid', () => {
    const traffic = new Traffic();
    const first = follow([...traffic.same(60, 0.05, 0.05), ...traffic.looks(5, 0.05, 0.05)], {
      ...tenants,
      revision: 'a',
    });
    const second = follow(traffic.looks(40, 0.3, 0.05), { ...tenants, revision: 'b' }, first.evidence);
    expect(second.actions).toContain('rollback');
    expect(second.verdict.looks).toBeLessThan(40);
  });

  test('are calibrated anew by A/A looks after a release, which forget the release', () => {
    const traffic = new Traffic();
    const first = follow([...traffic.same(60, 0.05, 0.05), ...traffic.looks(8, 0.3, 0.05)], {
      ...tenants,
      mode: 'report',
    });
    const { verdict } = follow(traffic.same(1, 0.05, 0.05), tenants, first.evidence);
    expect(verdict).toMatchObject({ looks: 0, action: 'hold', calibration: { looks: 1 } });
    expect(verdict.total.robust).toBe(0);
    expect(verdict.holds).toEqual(['A/A look 1: both arms run the same code']);
  });

  test('only pause when the A/A looks drift', () => {
    const traffic = new Traffic();
    const drifting = Array.from({ length: 60 }, (_, index) =>
      traffic.same(1, 0.05 + index / 400, 0.05),
    ).flat();
    const { actions, verdict } = follow([...drifting, ...traffic.looks(60, 0.6, 0.05)], tenants);
    expect(actions).toContain('pause');
    expect(actions).not.toContain('rollback');
    expect(verdict.calibration?.drifts).toBe(true);
    expect(verdict.holds.join()).toContain(
      'the 60 A/A looks show a difference between the arms that changes by more than chance',
    );
  });

  test('only pause when the difference wanders during the release', () => {
    const traffic = new Traffic();
    const before = traffic.same(60, 0.1, 0.1);
    const wandering = Array.from({ length: 200 }, (_, index) =>
      traffic.looks(1, 0.1 + index / 600, 0.1),
    ).flat();
    const { actions, holds } = follow([...before, ...wandering], tenants);
    expect(actions).toContain('pause');
    expect(actions).not.toContain('rollback');
    expect(holds.join()).toContain('as a changing mix of tenants would make it');
  });

  test('stay paused once the difference has wandered, also when a look happens not to show it', () => {
    const traffic = new Traffic();
    const before = traffic.same(60, 0.1, 0.1);
    const wandering = Array.from({ length: 200 }, (_, index) =>
      traffic.looks(1, 0.1 + index / 600, 0.1),
    ).flat();
    const { evidence } = follow([...before, ...wandering], tenants);
    const calm = structuredClone(evidence);
    for (const sli of Object.values(calm.slis)) {
      sli.differences = newDifferences();
      sli.earlier = [newDifferences(), newDifferences()];
    }
    const next = traffic.looks(1, 0.4, 0.1);
    expect(follow(next, tenants, calm).actions).toEqual(['pause']);
    for (const sli of Object.values(calm.slis)) delete sli.wanders;
    expect(follow(next, tenants, calm).actions).toEqual(['rollback']);
  });

  test('are not promoted without a calibration, and are with one', () => {
    const traffic = new Traffic();
    const same = traffic.same(200, 0.1, 0.1, 1000);
    const looks = traffic.looks(200, 0.1, 0.1, 1000);
    expect(follow(looks, tenants).actions).not.toContain('promote');
    expect(follow([...same, ...looks], tenants).actions).toContain('promote');
  });
});

describe('requests', () => {
  test('whose A/A looks are independent keep all of alpha', () => {
    const traffic = new Traffic();
    const { verdict } = follow([...traffic.same(60, 0.05, 0.05), ...traffic.looks(30, 0.2, 0.05)], {
      unit: 'request',
    });
    expect(verdict.action).toBe('rollback');
    expect(verdict.total.threshold).toBeCloseTo(Math.log(20), 10);
  });

  test('whose A/A looks come in bursts are calibrated like users', () => {
    const traffic = new Traffic();
    const looks = Array.from({ length: 60 }, (_, index) =>
      traffic.same(1, Math.floor(index / 5) % 2 === 0 ? 0.03 : 0.1, 0.06),
    ).flat();
    const { verdict } = follow([...looks, ...traffic.looks(1, 0.06, 0.06)], { unit: 'request' });
    expect(verdict.total.threshold).toBeCloseTo(Math.log(40), 10);
  });
});

describe('a margin', () => {
  test('covers the difference that the arms have, and narrows with more looks', () => {
    const margins = [20, 80, 320].map((looks) => {
      const random = new Random(1);
      const calibration = newCalibration(1);
      for (let look = 0; look < looks; look += 1) {
        const arm = (p: number): { total: number; above: number[] } => ({
          total: 100,
          above: [random.binomial(100, p)],
        });
        calibrate(calibration, arm(0.15), arm(0.1));
      }
      return marginAt(calibration, 0, 0.001);
    });
    for (const { difference, high, low } of margins) {
      expect(difference).toBeGreaterThan(0.05);
      expect(high).toBeGreaterThan(Math.log(0.15 / 0.85 / (0.1 / 0.9)));
      expect(low).toBeLessThanOrEqual(0);
    }
    expect(margins[2]?.difference).toBeLessThan(margins[0]?.difference ?? 0);
    expect(margins[2]?.high).toBeLessThan(margins[0]?.high ?? 0);
  });

  test('stays finite and of constant size over very many looks', () => {
    const random = new Random(2);
    const calibration = newCalibration(1);
    for (let look = 0; look < 5000; look += 1) {
      const arm = (): { total: number; above: number[] } => ({
        total: 100,
        above: [random.binomial(100, 0.1)],
      });
      calibrate(calibration, arm(), arm());
    }
    expect(calibration.looks).toBeLessThanOrEqual(960);
    expect(drift(calibration.series)).toBeLessThan(4);
    expect(marginAt(calibration, 0, 0.001).difference).toBeGreaterThan(0);
    expect(marginAt(calibration, 0, 0.001).difference).toBeLessThan(0.03);
  });
});

describe('a series', () => {
  test('of values that are drawn anew has no correlation, and one of an AR(1) process has its own', () => {
    for (const stay of [0, 0.8]) {
      const random = new Random(3);
      const series = newSeries();
      let value = 0;
      for (let look = 0; look < 20_000; look += 1) {
        value = stay * value + random.normal();
        addToSeries(series, 5 + value);
      }
      expect(Math.abs(correlation(series) - stay)).toBeLessThan(0.03);
      expect(drift(series) > 2.5).toBe(stay > 0);
    }
  });
});

test('the newest values of a series have the sums of a series of their own', () => {
  const random = new Random(5);
  const values = Array.from({ length: 50 }, () => random.normal());
  const of = (from: number, to: number): ReturnType<typeof newSeries> => {
    const series = newSeries();
    for (const value of values.slice(from, to)) addToSeries(series, value);
    return series;
  };
  const [since, own] = [seriesSince(of(0, 50), of(0, 20)), of(19, 50)];
  expect(since.length).toBe(own.length);
  expect(correlation(since)).toBeCloseTo(correlation(own), 10);
});

/** Looks at errors with the given shares in gray and control, one after the other. */
class Traffic {
  readonly #random = new Random(11);
  #number = 0;

  looks(count: number, gray: number, control: number, requests = 100): Look[] {
    return Array.from({ length: count }, () => {
      const draw = (p: number): [number, number] => [this.#random.binomial(requests, p), requests];
      const look = errors(this.#number, draw(gray), draw(control));
      this.#number += 1;
      return look;
    });
  }

  same(count: number, gray: number, control: number, requests = 100): Look[] {
    return this.looks(count, gray, control, requests).map((look) => ({ ...look, sameCode: true }));
  }
}

function follow(
  looks: readonly Look[],
  criteria: Criteria,
  begin?: Evidence,
): { evidence: Evidence; verdict: Verdict; actions: string[]; holds: string[] } {
  let evidence = begin;
  let verdict: Verdict | undefined;
  const actions: string[] = [];
  const holds: string[] = [];
  for (const look of looks) {
    const result = judge(evidence, look, criteria);
    ({ evidence, verdict } = result);
    actions.push(verdict.action);
    holds.push(...verdict.holds);
    if (verdict.action === 'rollback') break;
  }
  if (evidence === undefined || verdict === undefined) throw new Error('there is no verdict');
  return { evidence, verdict, actions, holds };
}
