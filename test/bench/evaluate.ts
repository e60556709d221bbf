import { FlagdCore } from '@openfeature/flagd-core';
import { compileFlags, evaluate } from '@graylane/flags';
import { compare, timed } from '../support/bench.ts';

const document = {
  flags: { static: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' } },
};
const flags = compileFlags(document);
const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
const core = new FlagdCore(undefined, silent);
core.setConfigurations(JSON.stringify(document));

await compare({
  question: 'What does one evaluation cost?',
  unit: 'ns',
  peers: ['@openfeature/flagd-core'],
  rows: [
    {
      name: 'static',
      contenders: [
        timed('flagd-core', () =>
          core.resolveBooleanEvaluation('static', false, { targetingKey: 'ada' }, silent),
        ),
        timed('graylane', () => evaluate(flags, 'static', { targetingKey: 'ada' })),
      ],
    },
  ],
});
