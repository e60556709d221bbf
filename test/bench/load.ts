import { FlagdCore } from '@openfeature/flagd-core';
import { applyFlagChanges, changedFlags, compileFlags, evaluate, type FlagSet } from '@graylane/flags';
import process from 'node:process';
import { compare, type Contender, type Row } from '../support/bench.ts';
import { flagSet } from '../support/flag-sets.ts';

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
const facts = { targetingKey: 'user-7', env: 'gray', region: 'eu', tier: 'pro', version: '2.4.1' };
const sets = [1000, 10_000].map((size) => {
  const document = flagSet(size);
  const key = `team-${7 % 37}.feature-7`;
  const changed = {
    ...document,
    flags: { ...document.flags, [key]: { ...document.flags[key], state: 'DISABLED' } },
  };
  return {
    size,
    key,
    document,
    changed,
    text: JSON.stringify(document),
    changedText: JSON.stringify(changed),
  };
});

await compare({
  question: 'What does it cost to take over a set of flags?',
  unit: 'ms',
  rounds: 9,
  peers: ['@openfeature/flagd-core'],
  note: 'From a JSON string. graylane compiles a flag when it is first evaluated, so the second row evaluates every flag once.',
  rows: sets.flatMap(({ size, text }): Row[] => [
    {
      name: `${size} flags, loaded`,
      contenders: [took('flagd-core', () => load(text)), took('graylane', () => compileFlags(text))],
    },
    {
      name: `${size} flags, loaded and each evaluated once`,
      contenders: [
        took('flagd-core', () => evaluateAllOfCore(load(text))),
        took('graylane', () => evaluateAll(compileFlags(text))),
      ],
    },
  ]),
});

await compare({
  question: 'What does it cost to take over a change of one flag?',
  unit: 'ms',
  rounds: 9,
  peers: ['@openfeature/flagd-core'],
  note: '`text` is the whole document again. `delta` is the change alone, as the change stream sends it: parsed, applied, and the changed flags found.',
  rows: sets.map(({ size, key, document, changed, text, changedText }): Row => {
    const core = load(text);
    const previous = compileFlags(document);
    evaluateAll(previous);
    const deltas = [document, changed].map(({ flags }) =>
      JSON.stringify({ flags: { [key]: (flags as Record<string, object>)[key] } }),
    );
    let turn = 0;
    let applied = 0;
    let live = previous;
    const applyDelta = (): void => {
      const next = applyFlagChanges(live, JSON.parse(deltas[(applied += 1) % 2] as string) as object);
      if (changedFlags(live, next).length !== 1) throw new Error('one flag must have changed');
      live = next;
    };
    return {
      name: `one of ${size} flags`,
      contenders: [
        took('flagd-core, text', () => core.setConfigurations((turn += 1) % 2 === 0 ? text : changedText)),
        took('graylane, text', () => compileFlags(changedText, { previous })),
        took('graylane, delta', applyDelta, 50),
      ],
    };
  }),
});

await compare({
  question: 'Does a change of one flag cost more in a larger set?',
  unit: 'us',
  note: 'The change alone, as the change stream sends it: parsed, applied, and the changed flags found. Every flag has been evaluated before.',
  rows: [
    {
      name: 'one flag',
      contenders: [changing(1000), changing(10_000), changing(100_000)],
    },
  ],
});

/** Microseconds of one change of one flag of so many. */
function changing(size: number): Contender {
  const document = flagSet(size);
  const key = 'team-7.feature-7';
  const { [key]: flag } = document.flags;
  const deltas = ['ENABLED', 'DISABLED'].map((state) =>
    JSON.stringify({ flags: { [key]: { ...flag, state } } }),
  );
  let live = evaluateAll(compileFlags(document));
  let turn = 0;
  const change = (): void => {
    const next = applyFlagChanges(live, JSON.parse(deltas[(turn += 1) % 2] as string) as object);
    if (changedFlags(live, next).length !== 1) throw new Error('one flag must have changed');
    live = next;
  };
  const milliseconds = took('', change, 200);
  return {
    name: `of ${size.toLocaleString('en')} flags`,
    sample: async () => 1000 * (await milliseconds.sample()),
  };
}

function load(text: string): FlagdCore {
  const core = new FlagdCore(undefined, silent);
  core.setConfigurations(text);
  return core;
}

function evaluateAllOfCore(core: FlagdCore): FlagdCore {
  for (const [key, { variants }] of core.getFlags()) {
    if (variants.has('on')) core.resolveBooleanEvaluation(key, false, { ...facts }, silent);
    else core.resolveObjectEvaluation(key, {}, { ...facts }, silent);
  }
  return core;
}

function evaluateAll(flags: FlagSet): FlagSet {
  for (const key of flags.keys()) evaluate(flags, key, { ...facts });
  return flags;
}

/**
 * Milliseconds of one operation, the mean of `times`. The collector is not called in between: it
 * would discard optimised code.
 */
function took(name: string, operation: () => unknown, times = 1): Contender {
  return {
    name,
    sample: () => {
      const start = process.hrtime.bigint();
      for (let time = 0; time < times; time += 1) operation();
      return Number(process.hrtime.bigint() - start) / 1e6 / times;
    },
  };
}
