// A server of `npm run bench http`, in a process of its own: bare express, with our middleware, or as OpenTelemetry instruments it.
import { getActiveLane } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { propagation } from '@opentelemetry/api';
import express from 'express';

const keys = ['lane', 'user-id', 'tenant', 'region'];
const lanes = {
  bare: () => 'baseline',
  middleware: getActiveLane,
  instrumented: () => propagation.getActiveBaggage()?.getEntry('lane')?.value,
};
const lane = lanes[process.env.MODE];
const app = express();
if (process.env.MODE === 'middleware') app.use(baggageMiddleware({ ingress: { mode: 'accept', keys } }));
app.get('/orders/:id', (request, response) => {
  response.json({ id: request.params.id, lane: lane() });
});
const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('message', () => process.send(process.cpuUsage()));
process.on('disconnect', () => process.exit(0));
