// A server of `npm run bench http`, in a process of its own: bare express, with the least that a
// middleware could do, with our middleware inside, at an edge that strips, and at one that dyes as
// well, or as OpenTelemetry instruments it.
import { getActiveLane } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { propagation } from '@opentelemetry/api';
import express from 'express';
import { AsyncLocalStorage } from 'node:async_hooks';

const keys = ['lane', 'user-id', 'tenant', 'region'];
const five = ['fees', 'search', 'layout', 'banner', 'stock'];
const storage = new AsyncLocalStorage();
const lanes = {
  bare: () => 'baseline',
  floor: () => storage.getStore(),
  middleware: getActiveLane,
  strip: getActiveLane,
  edge: getActiveLane,
  flags: getActiveLane,
  'SDK flags': getActiveLane,
  instrumented: () => propagation.getActiveBaggage()?.getEntry('lane')?.value,
};
const lane = lanes[process.env.MODE];
const app = express();
if (['middleware', 'flags', 'SDK flags'].includes(process.env.MODE))
  app.use(baggageMiddleware({ ingress: { mode: 'accept', keys } }));
if (process.env.MODE === 'strip') app.use(baggageMiddleware());
if (process.env.MODE === 'edge') app.use(baggageMiddleware({ dye: await shopDye() }));
if (process.env.MODE === 'floor') {
  app.use((_request, response, next) => {
    response.setHeader('Graylane-Lane', 'gray').setHeader('Vary', 'Baggage');
    storage.run('gray', next);
  });
}
const evaluateFive = {
  flags: async () => {
    const client = await flagClient();
    return (context) => {
      for (const key of five) client.getBooleanValueSync(key, false, context);
    };
  },
  'SDK flags': async () => {
    await flagClient();
    const { OpenFeature } = await import('@openfeature/server-sdk');
    const client = OpenFeature.getClient();
    return async (context) => {
      for (const key of five) await client.getBooleanValue(key, false, context);
    };
  },
}[process.env.MODE];
const evaluate = await evaluateFive?.();
app.get('/orders/:id', (request, response) => {
  const respond = () => {
    response.json({ id: request.params.id, lane: lane() });
  };
  if (evaluate === undefined) {
    respond();
    return;
  }
  const { 'x-user-id': targetingKey, 'x-tenant': tenant } = request.headers;
  const done = evaluate({ targetingKey, tenant });
  if (done === undefined) respond();
  else done.then(respond);
});

/** Our client over five flags: by lane, by tenant, by percentage, static and by a chain. */
async function flagClient() {
  const [{ OpenFeature }, { getSyncClient, GraylaneProvider }] = await Promise.all([
    import('@openfeature/server-sdk'),
    import('@graylane/provider'),
  ]);
  const rules = [
    { '==': [{ var: 'lane' }, 'gray'] },
    { '==': [{ var: 'tenant' }, 'internal'] },
    { '<': [{ '%': [7, 100] }, 5] },
    { '==': [1, 1] },
    { in: [{ var: 'tenant' }, ['acme', 'umbrella']] },
  ];
  const flags = Object.fromEntries(
    rules.map((rule, index) => [
      five[index],
      {
        state: 'ENABLED',
        variants: { on: true, off: false },
        defaultVariant: 'off',
        targeting: { if: [rule, 'on', 'off'] },
      },
    ]),
  );
  const provider = new GraylaneProvider({ source: { flags: { flags } } });
  await OpenFeature.setProviderAndWait(provider);
  return getSyncClient();
}

/**
 * The dye of a shop's edge: a rule on the tenant, evaluated by our client in the process, and two
 * members that travel along.
 */
async function shopDye() {
  const [{ OpenFeature }, { getSyncClient, GraylaneProvider }] = await Promise.all([
    import('@openfeature/server-sdk'),
    import('@graylane/provider'),
  ]);
  const rule = {
    state: 'ENABLED',
    variants: { baseline: 'baseline', gray: 'gray' },
    defaultVariant: 'baseline',
    targeting: { if: [{ '==': [{ var: 'tenant' }, 'internal'] }, 'gray', null] },
  };
  await OpenFeature.setProviderAndWait(
    new GraylaneProvider({ source: { flags: { flags: { lane: rule } } } }),
  );
  return {
    client: getSyncClient(),
    evaluationContext: ({ headers }) => ({ targetingKey: headers['x-user-id'], tenant: headers['x-tenant'] }),
    carry: { 'user-id': 'targetingKey', tenant: 'tenant' },
  };
}

const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('message', () => process.send(process.cpuUsage()));
process.on('disconnect', () => process.exit(0));
