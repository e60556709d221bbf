// A server of `npm run bench http`, in a process of its own: bare express, with the least that our middleware could do, with our middleware,
// or as OpenTelemetry instruments it.
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
  instrumented: () => propagation.getActiveBaggage()?.getEntry('lane')?.value,
};
const lane = lanes[process.env.MODE];
const app = express();
if (process.env.MODE === 'middleware') app.use(baggageMiddleware({ ingress: { mode: 'accept', keys } }));
if (process.env.MODE === 'floor') {
  app.use((_request, response, next) => {
    response.setHeader('Graylane-Lane', 'gray').setHeader('Vary', 'Baggage');
    storage.run('gray', next);
  });
}
app.get('/orders/:id', (request, response) => {
  response.json({ id: request.params.id, lane: lane() });
});
const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('message', () => process.send(process.cpuUsage()));
process.on('disconnect', () => process.exit(0));
