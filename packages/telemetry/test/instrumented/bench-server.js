// A server of `npm run bench telemetry`, in a process of its own. MODE names what runs beside
// express.
import { baggageMiddleware } from '@graylane/baggage/express';
import { context, createContextKey } from '@opentelemetry/api';
import express from 'express';

const { MODE } = process.env;
const laneKey = createContextKey('lane');
const app = express();
const beside = {
  bare: () => [],
  laneMetrics: async () => {
    const { laneMetrics } = await import('@graylane/telemetry');
    return [laneMetrics({ lanes: ['gray'] })];
  },
  'prom-client': promClient,
  'otel + middleware': () => [middleware()],
  'otel + instrumentLanes': () => [middleware()],
  otel: () => [],
  'otel + floor': () => [floor],
};
for (const handler of await beside[MODE]()) app.use(handler);
app.get('/orders/:id', (request, response) => {
  response.json({ id: request.params.id });
});
const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('message', () => process.send(process.cpuUsage()));
process.on('disconnect', () => process.exit(0));

function middleware() {
  return baggageMiddleware({ ingress: { mode: 'accept', keys: ['lane', 'user-id', 'tenant', 'region'] } });
}

/** The least that a middleware with a lane does: an OTel context, and two response headers. */
function floor(_request, response, next) {
  response.setHeader('Graylane-Lane', 'gray').setHeader('Vary', 'Baggage');
  context.with(context.active().setValue(laneKey, 'gray'), next);
}

/** What its users write: a histogram, and a timer that ends with the response. */
async function promClient() {
  const { default: client } = await import('prom-client');
  const durations = new client.Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Duration of HTTP server requests.',
    labelNames: ['method', 'route', 'status'],
  });
  return [
    (request, response, next) => {
      const end = durations.startTimer();
      response.on('finish', () =>
        end({ method: request.method, route: request.route?.path, status: response.statusCode }),
      );
      next();
    },
  ];
}
