import { ksAtEachLook, p95AtEachLook } from './recipes.ts';
import type { Scenario } from './run.ts';
import type { Traffic } from './traffic.ts';

/** Requests whose arms run the same code. No run may roll back more often than alpha. */
export const requestScenarios: readonly Scenario[] = [
  request('independent', { requests: 50 }),
  request('base rate drifts over the day', { requests: 50, drift: 0.3 }),
  request('load changes for both arms, 1,000 requests', { requests: 1000, load: 0.3 }),
  request('shock .1 by look and arm', { requests: 50, shock: 0.1 }),
  request('shock .2 by look and arm', { requests: 50, shock: 0.2 }),
  request('bursts: shock .1, autocorrelation .8', { requests: 50, shock: 0.1, bursts: 0.8 }),
  request('bursts, 60 A/A looks before', { requests: 50, shock: 0.1, bursts: 0.8 }, 60),
  request('counter resets in 5 % of looks', { requests: 50, resets: 0.05 }),
  request('ramp of 5, 10, 25, 50 %', { requests: ramp }),
  request('gray 190, control 10', { requests: () => ({ gray: 190, control: 10 }) }),
  request('gray 10, control 190', { requests: () => ({ gray: 10, control: 190 }) }),
  request('gray 900, control 100, .5 % errors', { requests: () => ({ gray: 900, control: 100 }) }),
];

/** Units that stay in their arm, by units, requests a look, looks and mix. */
export const stickyScenarios: readonly Scenario[] = [
  { looks: 240, mixes: [1, 0.998, 0.98] },
  { looks: 2880, mixes: [1, 0.998] },
].flatMap(({ looks, mixes }) =>
  [50, 1000].flatMap((requests) =>
    [10, 50, 1000].flatMap((count) => mixes.map((stay) => sticky(count, requests, looks, stay, looks / 4))),
  ),
);

/** Twelve hours after a calibration of fifteen minutes: it expires after one hour. */
export const expiredScenarios: readonly Scenario[] = [10, 50].map((count) =>
  sticky(count, 50, 2880, 0.998, 60),
);

/** Healthy releases that must be rolled back too often, or the simulation proves nothing. */
export const controls: readonly Scenario[] = [
  ...[10, 50].map((count): Scenario => ({
    ...sticky(count, 50, 240, 1, 0),
    name: `${count} tenants an arm, judged as if they were requests`,
    unit: 'request',
  })),
  { ...request('p95 15 % above control at three looks', { requests: 50 }), recipe: p95AtEachLook },
  { ...request('Kolmogorov-Smirnov test at each look', { requests: 50 }), recipe: ksAtEachLook },
];

/** Releases with a defect, and the median look of it at which the rollback is aimed at. */
export const detections: ReadonlyArray<Scenario & { readonly goal?: number }> = [
  { ...request('1.3 times slower', { requests: 50 }), effect: { slower: 1.3 }, goal: 21 },
  {
    ...request('1.3 times slower, 60 A/A looks before', { requests: 50 }, 60),
    effect: { slower: 1.3 },
    goal: 21,
  },
  { ...request('2 % of requests one second slower', { requests: 50 }), effect: { tail: 0.02 }, goal: 30 },
  { ...request('errors .5 % to 2 %', { requests: 50 }), effect: { errors: 0.02 }, goal: 32 },
  {
    ...request('errors .5 % to 2 %, 60 A/A looks before', { requests: 50 }, 60),
    effect: { errors: 0.02 },
    goal: 32,
  },
  { ...request('1.1 times slower', { requests: 50 }), effect: { slower: 1.1 }, goal: 56 },
  { ...request('10 times slower', { requests: 50 }), effect: { slower: 10 }, goal: 13 },
  {
    ...request('3 times slower while the load changes, 1,000 requests', { requests: 1000, load: 0.3 }),
    effect: { slower: 3 },
    goal: 20,
  },
  ...[2, 1.3].map((slower) => ({
    ...request(`${slower} times slower from look 30 on`, { requests: 50 }),
    effect: { slower },
    onset: 30,
    goal: slower === 2 ? 40 : 90,
  })),
  {
    ...sticky(50, 50, 240, 1, 60),
    name: '50 tenants an arm, 2 times slower',
    effect: { slower: 2 },
    goal: 17,
  },
  {
    ...sticky(50, 50, 240, 1, 60),
    name: '50 tenants an arm, 1.3 times slower',
    effect: { slower: 1.3 },
    goal: 39,
  },
  {
    ...sticky(10, 50, 240, 1, 60),
    name: '10 tenants an arm, 1.3 times slower',
    effect: { slower: 1.3 },
    goal: 47,
  },
];

/** A defect that begins late: the number of looks until a pause. */
export const late: Scenario & { readonly goal: number } = {
  ...request('1.3 times slower from look 960 on', { requests: 50 }),
  looks: 1200,
  effect: { slower: 1.3 },
  onset: 960,
  until: 'pause',
  goal: 30,
};

/** Promotion: healthy ones within 400 looks, and slower ones never. */
export const promotions: readonly Scenario[] = [
  { ...request('requests, same code', { requests: 250 }), looks: 400, until: 'promote' },
  {
    ...request('requests, same code, 60 A/A looks before', { requests: 250 }, 60),
    looks: 400,
    until: 'promote',
  },
  { ...sticky(50, 1000, 240, 1, 60), name: '50 tenants an arm, 1,000 requests, same code', until: 'promote' },
  {
    ...request('requests, 1.3 times slower', { requests: 250 }),
    looks: 400,
    effect: { slower: 1.3 },
    until: 'promote',
  },
  {
    ...sticky(10, 250, 240, 1, 60),
    name: '10 tenants an arm, 1.3 times slower',
    effect: { slower: 1.3 },
    until: 'promote',
  },
];

export const allScenarios: readonly Scenario[] = [
  ...requestScenarios,
  ...stickyScenarios,
  ...expiredScenarios,
  ...controls,
  ...detections,
  late,
  ...promotions,
];

function request(name: string, traffic: Traffic, calibration = 0): Scenario {
  return { name, traffic, unit: 'request', calibration, looks: 240 };
}

function sticky(count: number, requests: number, looks: number, stay: number, calibration: number): Scenario {
  const mix = stay === 1 ? 'fixed mix' : `mix drifts, AR ${String(stay).replace('0.', '.')}`;
  return {
    name: `${count} units, ${requests} requests, ${mix}, ${calibration} A/A looks`,
    traffic: { requests, units: { count, stay } },
    unit: 'tenant',
    calibration,
    looks,
  };
}

/** 200 requests a look; the control has as many as gray. */
function ramp(look: number): { gray: number; control: number } {
  const gray = [10, 20, 50, 100][Math.min(3, Math.floor(look / 60))] ?? 100;
  return { gray, control: gray };
}
