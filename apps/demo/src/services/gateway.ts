import { getActiveLane } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageFetch } from '@graylane/baggage/fetch';
import express from 'express';
import { flagClient } from './flag-client.ts';
import { describeHop } from './hop.ts';
import type { Order } from './orders.ts';
import { log } from '../support/log.ts';
import { announce } from '../support/service.ts';
import { setting } from '../support/setting.ts';
import { activeTraceId } from '../support/trace-id.ts';

const ordersUrl = setting('ORDERS_URL');
const ledgerUrl = process.env['LEDGER_URL'];
const fetch = baggageFetch({ egress: { to: { [ordersUrl]: ['lane', 'user-id', 'tenant', 'region'] } } });

const app = express();

app.get('/healthz', (_request, response) => {
  response.json({ status: 'ok' });
});

app.use(
  baggageMiddleware({
    ingress: { mode: 'strip' },
    dye: {
      client: flagClient,
      flag: 'lane',
      evaluationContext: (request) => ({
        targetingKey: request.get('x-user-id'),
        tenant: request.get('x-tenant-id'),
        region: request.get('x-region'),
      }),
      carry: { 'user-id': 'targetingKey', tenant: 'tenant', region: 'region' },
    },
  }),
);

app.get('/checkout', async (_request, response) => {
  const hop = describeHop('gateway', 'http');
  const answer = await fetch(`${ordersUrl}/orders`, { method: 'POST' });
  const { total, hops } = (await answer.json()) as Order;
  log.info('checkout');
  response.json({ traceId: activeTraceId(), lane: getActiveLane(), total, hops: [hop, ...hops] });
});

app.get('/ledger/:traceId', async (request, response) => {
  if (ledgerUrl === undefined) {
    response
      .status(404)
      .json({ error: 'the ledger is not running: set KAFKA_BROKERS and start the shop again' });
    return;
  }
  const answer = await fetch(`${ledgerUrl}/ledger/${encodeURIComponent(request.params.traceId)}`);
  response.status(answer.status).json(await answer.json());
});

announce(app, 'gateway', 'GATEWAY_PORT', undefined, process.env['GATEWAY_HOST']);
