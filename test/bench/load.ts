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
  rounds: 5,
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
  rounds: 5,
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
        took('graylane, delta', applyDelta),
      ],
    };
  }),
});

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

/** Milliseconds of one operation, the garbage of others swept away before it. */
function took(name: string, operation: () => unknown): Contender {
  return {
    name,
    sample: () => {
      globalThis.gc?.();
      const start = process.hrtime.bigint();
      operation();
      return Number(process.hrtime.bigint() - start) / 1e6;
    },
  };
}
