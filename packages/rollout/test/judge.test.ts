import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  judge,
  RolloutError,
  type Counts,
  type Criteria,
  type Evidence,
  type Look,
  type Verdict,
} from '../src/index.ts';
import { at, durations, errors, ratio } from './looks.ts';

const requests: Criteria = { unit: 'request' };
const tenants: Criteria = { unit: 'tenant' };

const share = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 31, max: 90 }));
const series = fc.array(fc.tuple(share, share), { minLength: 1, maxLength: 12 });

describe('the evidence', () => {
  test('is plain JSON: a guard that stores it between looks concludes the same', () => {
    fc.assert(
      fc.property(series, (looks) => {
        let [kept, stored]: Array<Evidence | undefined> = [undefined, undefined];
        for (const [index, [gray, control]] of looks.entries()) {
          const look = {
            ...errors(index, gray, control),
            sameCode: index < 2,
            assigned: { gray: 5, control: 6, expected: 0.5 },
          };
          const one = judge(kept, look, requests);
          const other = judge(stored, look, requests);
          expect(other).toEqual(one);
          expect(JSON.parse(JSON.stringify(one))).toEqual(one);
          kept = one.evidence;
          stored = JSON.parse(JSON.stringify(other.evidence)) as Evidence;
        }
      }),
    );
  });

  test('is never changed by a look', () => {
    const first = judge(undefined, errors(1, [3, 50], [2, 50]), requests).evidence;
    const before = JSON.stringify(first);
    judge(first, errors(2, [9, 50], [2, 50]), requests);
    judge(first, { ...errors(2, [9, 50], [2, 50]), sameCode: true }, requests);
    expect(JSON.stringify(first)).toBe(before);
  });

  test('stays finite for any counts up to 10^9 a look', () => {
    const count = fc.integer({ min: 0, max: 1_000_000_000 });
    const arm = fc.tuple(count, count, count).map(([fast, medium, slow]) => durations(fast, medium, slow));
    fc.assert(
      fc.property(fc.array(fc.tuple(arm, arm), { minLength: 1, maxLength: 4 }), (looks) => {
        const { evidence, verdict } = follow(
          looks.map(([gray, control], index) => ({ at: at(index), slis: { latency: { gray, control } } })),
          { ...requests, mode: 'report' },
        );
        expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
        expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
      }),
      { numRuns: 30 },
    );
  });

  test('has the same size on the first day and on day 30', () => {
    const sizeAfter = (looks: number): number => {
      let evidence: Evidence | undefined;
      for (let number = 0; number < looks; number += 1) {
        const arms = { gray: durations(40, 9, 1 + (number % 2)), control: durations(41, 8, 1) };
        evidence = judge(
          evidence,
          { at: at(number), slis: { latency: arms }, sameCode: number < 25 },
          requests,
        ).evidence;
      }
      return JSON.stringify(evidence).length;
    };
    expect(sizeAfter(2000)).toBeLessThan(1.2 * sizeAfter(60));
  });

  test('begins at 0 and is e^0 = 1 for arms that never differ', () => {
    const { verdict } = follow(
      Array.from({ length: 40 }, (_, index) => errors(index, [0, 50], [0, 50])),
      requests,
    );
    expect(verdict.total.fast).toBeCloseTo(0, 10);
    expect(verdict.total.robust).toBeCloseTo(0, 10);
  });

  test('does not depend on the unit of time of the buckets', () => {
    fc.assert(
      fc.property(series, fc.constantFrom(0.001, 60), (looks, factor) => {
        const totals = [1, factor].map((scale) => {
          const histogram = ([slow, all]: readonly [number, number]): Counts => ({
            kind: 'histogram',
            bounds: [0.1 * scale, 1 * scale],
            counts: [all - slow, slow, 0],
          });
          return follow(
            looks.map(([gray, control], index) => ({
              at: at(index),
              slis: { latency: { gray: histogram(gray), control: histogram(control) } },
            })),
            requests,
          ).verdict.total;
        });
        expect(totals[1]).toEqual(totals[0]);
      }),
    );
  });

  test('does not depend on how finely exponential buckets are cut, or where they start', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(counts, counts), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 2, max: 5 }),
        (looks, scale) => {
          const coarse = (buckets: readonly number[]): Counts => ({
            kind: 'exponential',
            scale: 1,
            zero: 1,
            zeroThreshold: 0,
            offset: -8,
            counts: buckets,
          });
          // Each bucket's requests move to the last of its parts, and empty buckets are added in
          // front.
          const fine = (buckets: readonly number[]): Counts => {
            const parts = 2 ** (scale - 1);
            return {
              kind: 'exponential',
              scale,
              zero: 1,
              zeroThreshold: 0,
              offset: -8 * parts - 3,
              counts: [
                0,
                0,
                0,
                ...buckets.flatMap((count) => [...Array.from({ length: parts - 1 }, () => 0), count]),
              ],
            };
          };
          const verdicts = [
            [coarse, coarse],
            [fine, fine],
            [fine, coarse],
          ].map(
            ([one, other]) =>
              follow(
                looks.map(([gray, control], index) => ({
                  at: at(index),
                  slis: { latency: { gray: (one ?? coarse)(gray), control: (other ?? coarse)(control) } },
                })),
                { ...requests, minRequests: 0 },
              ).verdict,
          );
          expect(verdicts[1]).toEqual(verdicts[0]);
          expect(verdicts[2]).toEqual(verdicts[0]);
        },
      ),
    );
  });

  test('goes on at the boundaries that are left when buckets become coarser', () => {
    const exponential = (scale: number, slow: number): Counts => ({
      kind: 'exponential',
      scale,
      zero: 0,
      zeroThreshold: 0,
      offset: -3 * 2 ** scale,
      counts: [50 - slow, ...Array.from({ length: 4 * 2 ** scale }, () => 0), slow],
    });
    const looks = Array.from({ length: 60 }, (_, index): Look => {
      const scale = index < 5 ? 3 : 0;
      return {
        at: at(index),
        slis: { latency: { gray: exponential(scale, 20), control: exponential(scale, 2) } },
      };
    });
    expect(follow(looks, requests).actions).toContain('rollback');
  });

  test('of another version is refused with the remedy', () => {
    const { evidence } = judge(undefined, errors(1, [0, 50], [0, 50]), requests);
    const older = { ...evidence, version: 0 } as unknown as Evidence;
    expect(() => judge(older, errors(2, [0, 50], [0, 50]), requests)).toThrow(/evidence.version is 0, not 1/);
  });
});

describe('a release', () => {
  test('that fails more often is rolled back, with the counts in one sentence', () => {
    const { verdict, actions } = follow(constant([6, 50], [1, 50], 40), requests);
    expect(actions.at(-1)).toBe('rollback');
    expect(verdict.sli).toBe('errors');
    const { gray, control } = verdict.slis['errors'] ?? fail();
    expect(gray.bad / gray.total).toBe(0.12);
    expect(control.bad / control.total).toBe(0.02);
    expect(verdict.because).toBe(
      `errors: since 2026-01-01T00:00:00.000Z ${gray.bad} of ${gray.total} gray requests (12 %) and ${control.bad} of ${control.total} control requests (2 %) were bad; ln E of the robust test is ${verdict.total.robust.toFixed(2)} >= 3.00`,
    );
  });

  test('that fails less often is never stopped', () => {
    const { actions } = follow(constant([1, 50], [6, 50], 200), requests);
    expect(new Set(actions)).toEqual(new Set(['hold', 'promote']));
  });

  test('that is slower is rolled back at the boundary that shows it', () => {
    const arms = { gray: durations(30, 20, 0), control: durations(45, 5, 0) };
    const { verdict } = follow(
      Array.from({ length: 30 }, (_, index) => ({ at: at(index), slis: { latency: arms } })),
      requests,
    );
    expect(verdict.action).toBe('rollback');
    expect(verdict.slis['latency']).toMatchObject({
      boundary: 0.1,
      ks: [expect.closeTo(0.3, 9), expect.closeTo(0.9, 9)],
    });
    expect(verdict.slis['latency']?.quantiles?.p95).toEqual({ gray: [0.1, 1], control: [0.1, 1] });
  });

  test('is promoted when an odds ratio of promoteMargin is excluded', () => {
    const { actions, verdict } = follow(constant([10, 100], [10, 100], 200), requests);
    expect(actions.at(-1)).toBe('promote');
    expect(verdict.because).toContain('an odds ratio of 1.5 at each boundary that 0.1 % of requests exceed');
    expect(
      follow(constant([10, 100], [10, 100], 200), { ...requests, promoteMargin: 1.05 }).actions,
    ).not.toContain('promote');
  });

  test('that hardly ever fails is promoted once .1 % of bad requests is excluded', () => {
    const { actions, verdict } = follow(constant([0, 200], [0, 200], 40), requests);
    expect(actions.indexOf('promote') * 200).toBeGreaterThan(3000);
    expect(actions.at(-1)).toBe('promote');
    expect(verdict.because).toContain(
      'a share of 0.1 % bad gray requests (errors has too few to compare the arms) is excluded',
    );
    const waiting = follow(constant([0, 200], [0, 200], 5), requests).verdict;
    expect(waiting.holds.at(-1)).toContain('a share of 0.1 % bad gray requests');
  });

  test('is not promoted by few failures where a boundary compares the arms', () => {
    const slow = { gray: durations(15, 5, 0), control: durations(15, 5, 0) };
    const failures = { gray: ratio(0, 400), control: ratio(0, 400) };
    const looks = Array.from({ length: 15 }, (_, index) => ({ at: at(index), slis: { failures, slow } }));
    const { verdict } = follow(looks, requests);
    expect(verdict.holds.at(-1)).toContain('an odds ratio of 1.5 at each boundary');
  });

  test('whose defect begins late is rolled back by its newest looks', () => {
    const healthy = Array.from({ length: 400 }, (_, index) =>
      errors(index, [(index * 7) % 3, 50], [(index * 5) % 4, 50]),
    );
    const broken = Array.from({ length: 30 }, (_, index) => errors(400 + index, [9, 50], [1, 50]));
    const { actions, verdict } = follow([...healthy, ...broken], requests);
    expect(actions.slice(0, 400)).not.toContain('rollback');
    expect(actions.slice(400)).toContain('rollback');
    expect(verdict.slis['errors']?.since).toBeGreaterThan(at(360));
  });

  test('whose great defect begins early is rolled back within 40 looks of it', () => {
    const healthy = Array.from({ length: 30 }, (_, index) =>
      errors(index, [(index * 7) % 3, 50], [(index * 5) % 4, 50]),
    );
    const broken = Array.from({ length: 40 }, (_, index) =>
      errors(30 + index, [25 + (index % 4), 50], [(index * 5) % 4, 50]),
    );
    const { actions } = follow([...healthy, ...broken], requests);
    expect(actions.slice(0, 30)).not.toContain('rollback');
    expect(actions.slice(30)).toContain('rollback');
  });

  test('is judged anew at another revision', () => {
    const bad = constant([6, 50], [1, 50], 5);
    const { evidence } = follow(bad, { ...requests, revision: 'a' });
    const next = judge(evidence, errors(50, [1, 50], [1, 50]), { ...requests, revision: 'b' });
    expect(next.verdict.looks).toBe(1);
    expect(judge(evidence, errors(50, [1, 50], [1, 50]), { ...requests, revision: 'a' }).verdict.looks).toBe(
      6,
    );
  });
});

describe('a look', () => {
  const healthy = errors(2, [1, 50], [1, 50]);
  const before = judge(undefined, errors(1, [1, 50], [1, 50]), requests).evidence;

  test.each([[at(1)], [at(0)], [Number.NaN]])('at %d, which is not newer, is ignored', (time) => {
    const { evidence, verdict } = judge(before, { ...errors(1, [50, 50], [0, 50]), at: time }, requests);
    expect(evidence).toBe(before);
    expect(verdict.action).toBe('hold');
    expect(verdict.because).toMatch(/is not newer than the last one|is NaN, not a time/);
  });

  const cases: ReadonlyArray<readonly [name: string, gray: unknown, why: RegExp]> = [
    ['without the SLI', undefined, /there are no counts/],
    ['with a negative counter', { kind: 'ratio', total: 50, bad: -3 }, /"bad" is -3, not a count/],
    ['with NaN', { kind: 'ratio', total: Number.NaN, bad: 0 }, /"total" is NaN, not a count/],
    [
      'with more bad requests than requests',
      { kind: 'ratio', total: 5, bad: 6 },
      /"bad" is 6, more than "total", which is 5/,
    ],
    ['of another kind', durations(1, 2, 3), /gray has counts of kind "histogram", control "ratio"/],
    ['of an unknown kind', { kind: 'gauge' }, /"kind" is "gauge"/],
    ['without requests', ratio(0, 0), /no requests in gray in this look/],
  ];
  test.each(cases)('%s holds, and adds nothing', (_name, gray, why) => {
    const look = { at: at(2), slis: { errors: { gray, control: ratio(1, 50) } } } as unknown as Look;
    const { evidence, verdict } = judge(before, look, requests);
    expect(verdict.action).toBe('hold');
    expect(verdict.holds.join()).toMatch(why);
    expect(evidence.slis).toEqual(before.slis);
  });

  test.each([[undefined], [null], [{}], [{ errors: null }], [{ errors: { gray: null, control: 7 } }]])(
    'whose SLIs are %j holds and does not throw',
    (slis) => {
      const { verdict } = judge(before, { at: at(2), slis } as unknown as Look, requests);
      expect(verdict.action).toBe('hold');
    },
  );

  test.each(['constructor', 'toString', '__proto__'])('may have an SLI and an instance named %s', (name) => {
    const arms = { gray: ratio(9, 60), control: ratio(1, 60) };
    const named = JSON.parse(`{"${name}":${JSON.stringify(arms)}}`) as Look['slis'];
    const instances = { errors: JSON.parse(`{"${name}":${JSON.stringify(arms)}}`) as Look['slis'] };
    const looks = Array.from({ length: 40 }, (_, index): Look => ({
      at: at(index),
      slis: { errors: arms, ...named },
      instances,
    }));
    expect(follow(looks, requests).actions).toContain('rollback');
  });

  test('with changed buckets holds until they are back', () => {
    const latency = (bounds: readonly number[], index: number): Look => {
      const counts: Counts = { kind: 'histogram', bounds, counts: [...bounds.map(() => 9), 1] };
      return { at: at(index), slis: { latency: { gray: counts, control: counts } } };
    };
    const first = judge(undefined, latency([0.1, 1], 1), requests).evidence;
    const changed = judge(first, latency([0.2, 1], 2), requests);
    expect(changed.verdict.holds[0]).toBe('latency: the buckets are others than in earlier looks');
    expect(judge(changed.evidence, latency([0.1, 1], 3), requests).verdict.looks).toBe(2);
    const next = { ...requests, revision: 'next' };
    expect(judge(changed.evidence, latency([0.2, 1], 3), next).verdict).toMatchObject({ looks: 1 });
    // A boundary more does no harm.
    expect(judge(changed.evidence, latency([0.1, 0.5, 1], 3), requests).verdict.looks).toBe(2);
  });

  test('with too few requests so far holds', () => {
    const { verdict } = judge(undefined, errors(1, [9, 9], [0, 9]), requests);
    expect(verdict.holds).toEqual([
      'gray has 9 requests and control 9 since the release began; each needs 100',
    ]);
  });

  test('without one of the SLIs keeps the others going, but never promotes', () => {
    const criteria: Criteria = { ...requests, slis: ['errors', 'latency'] };
    const { verdict } = follow(constant([10, 100], [10, 100], 200), criteria);
    expect(verdict.action).toBe('hold');
    expect(verdict.holds).toContain('latency: no data in this look');
    expect(follow(constant([30, 50], [1, 50], 30), criteria).actions).toContain('rollback');
  });

  test('is capped by the mode, and the verdict has the uncapped action', () => {
    const bad = constant([30, 50], [1, 50], 15);
    expect(follow(bad, { ...requests, mode: 'report' }).verdict).toMatchObject({
      action: 'hold',
      would: 'rollback',
    });
    expect(follow(bad, { ...requests, mode: 'pause' }).verdict).toMatchObject({
      action: 'pause',
      would: 'rollback',
    });
    const good = constant([10, 100], [10, 100], 200);
    expect(follow(good, { ...requests, mode: 'pause' }).verdict.action).toBe('promote');
  });

  test('breaks an absolute limit at once, for each unit, and without a calibration', () => {
    const criteria: Criteria = {
      ...tenants,
      breaker: { errors: { badRatio: 0.1 }, latency: { slowerThan: 0.5, share: 0.2 } },
    };
    const { verdict } = judge(undefined, errors(1, [30, 50], [1, 50]), criteria);
    expect(verdict.action).toBe('rollback');
    expect(verdict.because).toBe(
      'errors: 30 of 50 gray requests of this look (60 %) were bad, beyond the limit of 10 %',
    );
    expect(judge(undefined, errors(1, [6, 50], [1, 50]), criteria).verdict.action).toBe('hold');
    expect(judge(undefined, errors(1, [30, 50], [30, 50]), criteria).verdict.action).toBe('pause');
    expect(
      judge(undefined, { ...errors(1, [30, 50], [1, 50]), sameCode: true }, criteria).verdict.action,
    ).toBe('hold');
    const slow: Look = {
      at: at(1),
      slis: { latency: { gray: durations(10, 0, 40), control: durations(50, 0, 0) } },
    };
    expect(judge(undefined, slow, criteria).verdict.because).toContain(
      'were slower than 1 s, beyond the limit of 20 %',
    );
  });

  test('whose assignment is off holds, pauses or rolls back, by the criteria', () => {
    const looks = constant([1, 50], [1, 50], 20).map((look) => ({
      ...look,
      assigned: { gray: 40, control: 80, expected: 0.5 },
    }));
    for (const sampleRatio of ['hold', 'pause', 'rollback'] as const) {
      const { verdict } = follow(looks, { ...requests, sampleRatio });
      expect(verdict.action).toBe(sampleRatio);
      expect(verdict.because).toContain('units are not assigned as expected');
    }
    const fair = looks.map((look) => ({ ...look, assigned: { gray: 40, control: 80, expected: 1 / 3 } }));
    expect(follow(fair, requests).verdict.because).not.toContain('assigned');
    const faulty = { ...healthy, assigned: { gray: -1, control: 2, expected: 0.5 } };
    expect(judge(before, faulty, requests).verdict.action).toBe('hold');
  });

  test('in which one instance carries the difference holds, and names it', () => {
    const looks = Array.from({ length: 20 }, (_, index): Look => {
      const instances = {
        'pay-1': { gray: ratio(0, 40) },
        'pay-2': { gray: ratio(1, 40) },
        'pay-7': { gray: ratio(20, 40) },
      };
      return { ...errors(index, [21, 120], [2, 120]), instances: { errors: instances } };
    });
    const { actions, verdict } = follow(looks, requests);
    expect(new Set(actions)).toEqual(new Set(['hold']));
    expect(verdict.holds.join()).toContain(
      'instance "pay-7" carries the difference: 50 % of its requests, 1.3 % of',
    );
    const alike = looks.map((look) => ({
      ...look,
      instances: { errors: { 'pay-1': { gray: ratio(10, 60) }, 'pay-2': { gray: ratio(11, 60) } } },
    }));
    expect(follow(alike, requests).actions).toContain('rollback');
  });
});

describe('criteria', () => {
  test.each([
    [{ unit: 'session' }, /criteria.unit is "session": use one of "request", "user", "tenant"/],
    [{ unit: 'user', alpha: 5 }, /criteria.alpha is 5: use a number between 0 and .5/],
    [{ unit: 'user', margin: 0.9 }, /criteria.margin is 0.9: use an odds ratio of at least 1/],
    [{ unit: 'user', mode: 'shadow' }, /criteria.mode is "shadow": use one of/],
  ])('%j are refused with the remedy', (criteria, message) => {
    const attempt = (): unknown => judge(undefined, errors(1, [1, 50], [1, 50]), criteria as Criteria);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(RolloutError);
  });
});

function constant(gray: [number, number], control: [number, number], looks: number): Look[] {
  return Array.from({ length: looks }, (_, index) => errors(index, gray, control));
}

/** Judges look by look until a rollback; the verdict is the last one. */
function follow(
  looks: readonly Look[],
  criteria: Criteria,
): { evidence: Evidence; verdict: Verdict; actions: string[] } {
  let result: { evidence: Evidence; verdict: Verdict } | undefined;
  const actions: string[] = [];
  for (const look of looks) {
    result = judge(result?.evidence, look, criteria);
    actions.push(result.verdict.action);
    if (result.verdict.would === 'rollback') break;
  }
  return { ...(result ?? fail()), actions };
}

function fail(): never {
  throw new Error('there is no verdict');
}
