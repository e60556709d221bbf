import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FlagdCore } from '@openfeature/flagd-core';
import { runInLane } from '@graylane/baggage';
import { getSyncClient, GraylaneProvider, type BaggageMapping } from '@graylane/provider';
import { OpenFeature, type Hook, type Provider } from '@openfeature/server-sdk';
import { compare, timed, timedAsync, type Row } from '../support/bench.ts';

const onOff = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const region = { in: [{ var: 'region' }, ['eu-west', 'eu-north', 'us-east']] };
const chain = Array.from({ length: 10 }, (_, index) => [{ '==': [{ var: 'tenant' }, `t${index}`] }, 'on']);
const flags = {
  static: { ...onOff, defaultVariant: 'on' },
  rule: { ...onOff, targeting: { if: [{ and: [{ '==': [{ var: 'env' }, 'gray'] }, region] }, 'on'] } },
  'ten-rule chain': { ...onOff, targeting: { if: [...chain.flat(), 'off'] } },
  '5 % rollout': {
    ...onOff,
    targeting: {
      fractional: [
        ['on', 5],
        ['off', 95],
      ],
    },
  },
  semver: { ...onOff, targeting: { if: [{ sem_ver: [{ var: 'version' }, '^', '2.1.0'] }, 'on'] } },
};

let user = 0;
/** Fresh each time, as a request's is. */
const evaluationContext = () => ({
  targetingKey: `user-${(user += 1)}`,
  env: 'gray',
  region: 'us-east',
  tenant: 't9',
  version: '2.4.1',
});

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
const core = new FlagdCore(undefined, silent);
core.setConfigurations(JSON.stringify({ flags }));
const flagd = {
  metadata: { name: 'flagd-core' },
  resolveBooleanEvaluation: async (flagKey, defaultValue, context, logger) =>
    core.resolveBooleanEvaluation(flagKey, defaultValue, context, logger),
} as Pick<Provider, 'metadata' | 'resolveBooleanEvaluation'> as Provider;
await OpenFeature.setProviderAndWait('flagd', flagd);
await OpenFeature.setProviderAndWait('graylane', new GraylaneProvider({ source: { flags: { flags } } }));
const stockOverFlagd = OpenFeature.getClient('flagd');
const stock = OpenFeature.getClient('graylane');
const ours = getSyncClient('graylane');
const oursOverFlagd = getSyncClient('flagd');

const peers = ['@openfeature/server-sdk', '@openfeature/flagd-core'];
const note =
  'Boolean values, each call with a fresh evaluation context and awaited but for the synchronous ones. ' +
  'The baseline is the client of the SDK over `@openfeature/flagd-core`; our client goes over `GraylaneProvider`, baggage included.';

await compare({
  question: 'What does asking a client for a value cost, without hooks?',
  unit: 'ns',
  peers,
  note,
  rows: Object.keys(flags).map((flagKey): Row => ({
    name: flagKey,
    contenders: [
      timedAsync('SDK, flagd-core', () =>
        stockOverFlagd.getBooleanValue(flagKey, false, evaluationContext()),
      ),
      timedAsync('SDK, GraylaneProvider', () => stock.getBooleanValue(flagKey, false, evaluationContext())),
      timedAsync('ours', () => ours.getBooleanValue(flagKey, false, evaluationContext())),
      timed('ours, synchronous', () => ours.getBooleanValueSync(flagKey, false, evaluationContext())),
    ],
  })),
});

/** One as people have them: something before, something at the end. */
const hook = (): Hook => {
  let running = 0;
  return { before: () => void (running += 1), finally: () => void (running -= 1) };
};
const waiting: Hook = { before: async () => {}, finally: async () => {} };

await compare({
  question: 'What does asking for details cost, with hooks?',
  unit: 'ns',
  peers,
  note: 'The flag is the rule of above.',
  rows: [
    { name: 'one hook', hooks: [hook()] },
    { name: 'two hooks', hooks: [hook(), hook()] },
    { name: 'an asynchronous hook', hooks: [waiting] },
  ].map(({ name, hooks }): Row => {
    const options = { hooks };
    const [first, ...others] = [
      timedAsync('SDK, flagd-core', () =>
        stockOverFlagd.getBooleanDetails('rule', false, evaluationContext(), options),
      ),
      timedAsync('ours, flagd-core', () =>
        oursOverFlagd.getBooleanDetails('rule', false, evaluationContext(), options),
      ),
      timedAsync('SDK, GraylaneProvider', () =>
        stock.getBooleanDetails('rule', false, evaluationContext(), options),
      ),
      timedAsync('ours', () => ours.getBooleanDetails('rule', false, evaluationContext(), options)),
    ] as const;
    const sync = timed('ours, synchronous', () =>
      ours.getBooleanDetailsSync('rule', false, evaluationContext(), options),
    );
    return { name, contenders: [first, ...others, ...(hooks.includes(waiting) ? [] : [sync])] };
  }),
});

/** Of the demo: the lane, and three members for rules. */
const mapping: BaggageMapping = {
  lane: { authoritative: true },
  'user-id': { as: 'targetingKey' },
  tenant: {},
  region: {},
};
await OpenFeature.setProviderAndWait(
  'request',
  new GraylaneProvider({ source: { flags: { flags } }, baggage: mapping }),
);
const stockInRequest = OpenFeature.getClient('request');
const oursInRequest = getSyncClient('request');
const keys = Object.keys(flags);
const members = { 'user-id': 'ada', tenant: 't9', region: 'us-east' };

await runInLane(
  'gray',
  () =>
    compare({
      question: 'What do five flags cost inside a request?',
      unit: 'ns',
      peers,
      note:
        'The five flags of above, one after another, in the lane `gray`, with the lane, the user, the tenant and the region mapped from baggage ' +
        'for `GraylaneProvider`, and passed by hand for flagd-core.',
      rows: [
        {
          name: 'five flags',
          contenders: [
            timedAsync('SDK, flagd-core', async () => {
              for (const key of keys) await stockOverFlagd.getBooleanValue(key, false, evaluationContext());
            }),
            timedAsync('SDK, GraylaneProvider', async () => {
              for (const key of keys) await stockInRequest.getBooleanValue(key, false, { version: '2.4.1' });
            }),
            timedAsync('ours', async () => {
              for (const key of keys) await oursInRequest.getBooleanValue(key, false, { version: '2.4.1' });
            }),
            timed('ours, synchronous', () => {
              let on = 0;
              for (const key of keys)
                on += Number(oursInRequest.getBooleanValueSync(key, false, { version: '2.4.1' }));
              return on;
            }),
          ],
        },
      ],
    }),
  { members },
);

await OpenFeature.close();

/** A flag server that takes reports and reads none of them. */
const server = createServer((request, response) => {
  if (request.method !== 'GET') {
    request.resume().on('end', () => response.end('{}'));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(`event: snapshot\ndata: ${JSON.stringify({ revision: '1', document: { flags } })}\n\n`);
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const source = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
await OpenFeature.setProviderAndWait(
  'silent',
  new GraylaneProvider({ source, baggage: mapping, usage: false }),
);
await OpenFeature.setProviderAndWait('reporting', new GraylaneProvider({ source, baggage: mapping }));
const [withoutReport, withReport] = [getSyncClient('silent'), getSyncClient('reporting')];

await runInLane('gray', () =>
  compare({
    question: 'What does the usage report cost?',
    unit: 'ns',
    peers: ['@openfeature/server-sdk'],
    note:
      'The five flags inside a request, by the synchronous client of a provider that follows a flag server, ' +
      'without and with the report of its evaluations once a minute.',
    rows: [
      {
        name: 'five flags',
        contenders: [
          timed('no report', () => {
            for (const key of keys) withoutReport.getBooleanValueSync(key, false, evaluationContext());
          }),
          timed('usage is reported', () => {
            for (const key of keys) withReport.getBooleanValueSync(key, false, evaluationContext());
          }),
        ],
      },
    ],
  }),
);
await OpenFeature.close();
server.closeAllConnections();
server.close();
