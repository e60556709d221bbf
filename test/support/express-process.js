// A server of `npm run bench http`, in a process of its own: bare express, with the least that a
// middleware could do, with our middleware inside, at an edge that strips, and at one that dyes as
// well, or as OpenTelemetry instruments it.
import { getActiveLane } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { propagation } from '@opentelemetry/api';
import express from 'express';
import { AsyncLocalStorage } from 'node:async_hooks';

const keys = ['lane', 'user-id', 'tenant', 'region'];
const storage = new AsyncLocalStorage();
const lanes = {
  bare: () => 'baseline',
  floor: () => storage.getStore(),
  middleware: getActiveLane,
  strip: getActiveLane,
  edge: getActiveLane,
  instrumented: () => propagation.getActiveBaggage()?.getEntry('lane')?.value,
};
const lane = lanes[process.env.MODE];
const app = express();
if (process.env.MODE === 'middleware') app.use(baggageMiddleware({ ingress: { mode: 'accept', keys } }));
if (process.env.MODE === 'strip') app.use(baggageMiddleware());
if (process.env.MODE === 'edge') app.use(baggageMiddleware({ dye: await shopDye() }));
if (process.env.MODE === 'floor') {
  app.use((_request, response, next) => {
    response.setHeader('Graylane-Lane', 'gray').setHeader('Vary', 'Baggage');
    storage.run('gray', next);
  });
}
app.get('/orders/:id', (request, response) => {
  response.json({ id: request.params.id, lane: lane() });
});

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
