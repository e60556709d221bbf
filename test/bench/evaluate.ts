import { FlagdCore } from '@openfeature/flagd-core';
import { compileFlags, evaluate } from '@graylane/flags';
import { compare, timed, type Row } from '../support/bench.ts';
import { handWritten } from '../support/hand-written.ts';

const variants = { gray: true, stable: false };
const flag = { state: 'ENABLED', variants, defaultVariant: 'stable' };
const gray = { and: [{ '==': [{ var: 'env' }, 'gray'] }, { in: [{ var: 'region' }, ['eu', 'us', 'cn']] }] };
const tiers = Array.from({ length: 9 }, (_, index) => [
  { '==': [{ var: 'tier' }, `tier-${index}`] },
  'stable',
]);
const mixed = [
  [{ '==': [{ var: 'env' }, 'test'] }, 'stable'],
  [{ in: [{ var: 'region' }, ['jp', 'kr']] }, 'stable'],
  [{ '==': [{ var: 'tenant' }, 'umbrella'] }, 'gray'],
  [{ '!': [{ var: 'mobile' }] }, 'stable'],
  [{ '==': [{ var: 'lane' }, 'gray'] }, 'gray'],
  [{ '<': [{ var: 'age' }, 18] }, 'stable'],
  [{ starts_with: [{ var: 'targetingKey' }, 'bot-'] }, 'stable'],
  [{ and: [{ '==': [{ var: 'env' }, 'gray'] }, { '==': [{ var: 'region' }, 'cn'] }] }, 'gray'],
  [{ '==': [{ var: 'tier' }, 'tier-3'] }, 'gray'],
  [{ '===': [{ var: 'beta' }, true] }, 'gray'],
];
const document = {
  flags: {
    static: flag,
    rule: { ...flag, targeting: { if: [gray, 'gray', 'stable'] } },
    chain: {
      ...flag,
      targeting: { if: [...tiers.flat(), { '==': [{ var: 'tier' }, 'tier-9'] }, 'gray', 'stable'] },
    },
    'chain of ten facts': { ...flag, targeting: { if: [...mixed.flat(), 'stable'] } },
    rollout: {
      ...flag,
      targeting: {
        fractional: [
          ['gray', 5],
          ['stable', 95],
        ],
      },
    },
    semver: {
      ...flag,
      targeting: { if: [{ sem_ver: [{ var: 'version' }, '>=', '2.1.0'] }, 'gray', 'stable'] },
    },
  },
};
const betaLists = [10, 100, 1000, 10_000, 100_000].map((length) => ({
  name: `list of ${length.toLocaleString('en')} beside other rules`,
  list: Array.from({ length }, (_, index) => `tenant-${index}`),
}));
const chains = [2, 20, 200, 2000].map((length) => ({
  name: `chain of ${length.toLocaleString('en')} mixed branches, a miss`,
  branches: Array.from({ length }, (_, index) => [branchAt(index), 'gray']),
}));
const large = {
  flags: {
    ...Object.fromEntries(
      betaLists.map(({ name, list }) => [
        name,
        {
          ...flag,
          targeting: {
            if: [
              { in: [{ var: 'tenant' }, list] },
              'gray',
              { '==': [{ var: 'plan' }, 'pro'] },
              'gray',
              { '<': [{ var: 'age' }, 3] },
              'gray',
              'stable',
            ],
          },
        },
      ]),
    ),
    ...Object.fromEntries(
      chains.map(({ name, branches }) => [
        name,
        { ...flag, targeting: { if: [...branches.flat(), 'stable'] } },
      ]),
    ),
    'rollout by a Unicode key': {
      ...flag,
      targeting: { fractional: [{ var: 'name' }, ['gray', 5], ['stable', 95]] },
    },
  },
};
const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
const core = new FlagdCore(undefined, silent);
core.setConfigurations(JSON.stringify({ flags: { ...document.flags, ...large.flags } }));
const flags = compileFlags({ flags: { ...document.flags, ...large.flags } });
const closures = compileFlags(
  { flags: { ...document.flags, ...large.flags } },
  { generateCodeAfter: Number.POSITIVE_INFINITY },
);
const floor = handWritten;

const users = Array.from({ length: 256 }, (_, index) => ({
  id: `user-${(index * 7919) % 10_007}`,
  version: `${index % 4}.${index % 3}.${index % 7}`,
  region: ['eu', 'us', 'cn', 'in'].at(index % 4) ?? 'eu',
  env: index % 3 === 0 ? 'gray' : 'live',
  tier: `tier-${index % 10}`,
}));
let turn = 0;

/** A request has an evaluation context of its own: no contender gains by caching by identity. */
function freshContext() {
  turn = (turn + 1) & 255;
  const { id, version, region, env, tier } = users[turn] as (typeof users)[0];
  return { targetingKey: id, env, region, tier, version, lane: 'baseline', age: 40, mobile: true };
}

const strangers = users.map(({ id }) => ({ tenant: `tenant-of-${id}`, name: `käufer-界-${id}` }));

/**
 * The same with facts that no list and no branch of the large rules has, so that all of them are
 * tried.
 */
function missingContext() {
  turn = (turn + 1) & 255;
  const { id, version, region, env, tier } = users[turn] as (typeof users)[0];
  const { tenant, name } = strangers[turn] as (typeof strangers)[0];
  return {
    targetingKey: id,
    env,
    region,
    tier,
    version,
    lane: 'baseline',
    age: 40,
    mobile: true,
    tenant,
    name,
  };
}

function branchAt(index: number): object {
  const kinds = [
    { '==': [{ var: 'env' }, `env-${index}`] },
    { in: [{ var: 'region' }, [`eu-${index}`, `us-${index}`]] },
    { '<': [{ var: 'age' }, -index] },
    { and: [{ '==': [{ var: 'tier' }, `gold-${index}`] }, { '!': [{ var: 'mobile' }] }] },
    { starts_with: [{ var: 'targetingKey' }, `bot-${index}`] },
  ];
  return kinds[index % kinds.length] ?? {};
}

await compare({
  question: 'What does one evaluation cost, in an evaluation context of eight facts that is new each time?',
  unit: 'ns',
  peers: ['@openfeature/flagd-core'],
  note: '`floor` is the same decision written out by hand as a function in a Map: what no general evaluator can beat.',
  rows: [...Object.keys(document.flags).map(row), missingFlag()],
});

await compare({
  question: 'What does a rule of many items or branches cost, where none of them matches?',
  unit: 'ns',
  peers: ['@openfeature/flagd-core'],
  note: 'Generated code must not be slower than closures alone, however long a list or a chain is.',
  rows: Object.keys(large.flags).map(largeRow),
});

function largeRow(key: string): Row {
  return {
    name: key,
    contenders: [
      timed('flagd-core', () => core.resolveBooleanEvaluation(key, false, missingContext(), silent)),
      timed('graylane', () => evaluate(flags, key, missingContext())),
      timed('graylane, closures only', () => evaluate(closures, key, missingContext())),
    ],
  };
}

function missingFlag(): Row {
  const key = 'a flag that does not exist';
  return {
    name: key,
    contenders: [
      timed('flagd-core', () => core.resolveBooleanEvaluation(key, false, freshContext(), silent)),
      timed('graylane', () => evaluate(flags, key, freshContext())),
    ],
  };
}

function row(key: string): Row {
  return {
    name: key,
    contenders: [
      timed('flagd-core', () => core.resolveBooleanEvaluation(key, false, freshContext(), silent)),
      timed('floor', () => floor.get(key)?.(freshContext())),
      timed('graylane', () => evaluate(flags, key, freshContext())),
      timed('graylane, closures only', () => evaluate(closures, key, freshContext())),
    ],
  };
}
