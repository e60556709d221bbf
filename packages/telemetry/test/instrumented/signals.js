// Interleaved requests of several lanes through an edge that dyes and a service behind it, over one
// pooled connection. Prints, as JSON, what the signals of each request say.
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageFetch } from '@graylane/baggage/fetch';
import { tagRequests } from '@graylane/telemetry';
import { once } from 'node:events';
import http from 'node:http';
import express from 'express';
import { Agent, setGlobalDispatcher } from 'undici';
import { exported, loggerProvider } from './sdk.js';

const count = Number(process.env.REQUESTS ?? 300);
const names = ['baseline', 'gray', 'team-a', 'stranger'];
const logger = loggerProvider.getLogger('test');
/** One connection from the edge to the service, whatever the lane. */
setGlobalDispatcher(new Agent({ connections: 1, pipelining: 1 }));
const dispatcher = new Agent({ connections: 1, pipelining: 1 });

const service = express();
service.use(baggageMiddleware({ ingress: { mode: 'accept', keys: ['lane', 'user-id'] } }));
const router = express.Router({ mergeParams: true });
router.get('/:id', (request, response) => {
  logger.emit({ body: request.params.id });
  response.json({});
});
service.use('/shops/:shop/orders', router);
const serviceAt = await listen(service);

const egress = { to: { [serviceAt]: ['lane', 'user-id'] } };
const call = baggageFetch({ egress });
const edge = express();
edge.use(
  baggageMiddleware({
    ingress: { mode: 'strip' },
    dye: {
      client: { getStringValue: async (_flag, _fallback, { user }) => later(user.split('-7-')[0]) },
      evaluationContext: (request) => ({ user: request.get('x-user') }),
      carry: { 'user-id': 'user' },
    },
  }),
);
edge.use(tagRequests({ tenant: { header: 'x-tenant' } }));
edge.get('/buy/:id', async (request, response) => {
  const reply = await call(`${serviceAt}/shops/7/orders/${request.params.id}`, { dispatcher });
  await reply.text();
  response.json({});
});
const edgeAt = await listen(edge);

logger.emit({ body: 'outside' });
await Promise.all(
  Array.from({ length: count }, async (_, index) => {
    const user = `${names[index % names.length]}-7-${index}`;
    await get(`${edgeAt}/buy/${user}`, {
      'x-user': user,
      'x-tenant': index % 2 ? 'acme' : `tenant-${index}`,
    });
  }),
);
// The edge's spans end when its responses close.
while (exported.spans.filter(({ kind }) => kind === 1).length < 2 * count) await later();

const { resourceMetrics } = await exported.metrics();
const metrics = resourceMetrics.scopeMetrics.flatMap(({ scope, metrics: all }) =>
  all.flatMap(({ descriptor, dataPoints }) =>
    dataPoints.map(({ attributes, value }) => ({
      scope: scope.name,
      name: descriptor.name,
      attributes,
      count: value.count ?? value,
      boundaries: value.buckets?.boundaries.length,
    })),
  ),
);
const spans = exported.spans.map(({ kind, name, attributes }) => ({ kind, name, attributes }));
const logs = exported.logs.map(({ body, attributes }) => ({ body, attributes }));
process.stdout.write(JSON.stringify({ spans, logs, metrics }), () => process.exit(0));

async function listen(app) {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

function get(url, headers) {
  return new Promise((resolve, reject) => {
    http.get(url, { headers }, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}

async function later(value) {
  await new Promise(setImmediate);
  return value;
}
