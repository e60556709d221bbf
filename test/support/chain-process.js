// A service of `npm run bench chain`, in a process of its own: SERVICE is one of the demo's
// gateway, orders and payments, and MODE is "bare" or "graylane". Both modes send the same
// responses; the bare one has constants in the place of the lane and the flags.
import { promisify } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import express from 'express';
import { createPaymentsClient, paymentsService } from '../../apps/demo/src/services/payments-contract.ts';

const { MODE, SERVICE, NEXT } = process.env;
const isOurs = MODE === 'graylane';
const keys = ['lane', 'user-id', 'tenant', 'region'];
const flagKeys = ['payment-new-fee-calculation', 'receipt-redesign'];
const describe = isOurs ? await ourHop() : bareHop;
const port = await { gateway, orders, payments }[SERVICE]();
process.on('message', () => process.send(process.cpuUsage()));
process.on('disconnect', () => process.exit(0));
process.send(port);

/** The edge, which dyes. */
async function gateway() {
  const app = express();
  let send = fetch;
  if (isOurs) {
    const { baggageMiddleware } = await import('@graylane/baggage/express');
    const { baggageFetch } = await import('@graylane/baggage/fetch');
    const { getSyncClient } = await import('@graylane/provider');
    const evaluationContext = (request) => ({
      targetingKey: request.get('x-user-id'),
      tenant: request.get('x-tenant-id'),
      region: request.get('x-region'),
    });
    const carry = { 'user-id': 'targetingKey', tenant: 'tenant', region: 'region' };
    app.use(baggageMiddleware({ dye: { client: getSyncClient(), evaluationContext, carry } }));
    send = baggageFetch({ egress: { to: { [NEXT]: keys } } });
  }
  app.get('/checkout', async (_request, response) => {
    const hop = describe('gateway', 'http');
    const { total, hops } = await (await send(`${NEXT}/orders`, { method: 'POST' })).json();
    response.json({ lane: hop.lane, total, hops: [hop, ...hops] });
  });
  return listen(app);
}

/** Called over HTTP, calls over gRPC. */
async function orders() {
  const app = express();
  const interceptors = [];
  if (isOurs) {
    const { baggageMiddleware } = await import('@graylane/baggage/express');
    const { baggageClientInterceptor } = await import('@graylane/baggage/grpc');
    app.use(baggageMiddleware({ ingress: { mode: 'accept', keys } }));
    interceptors.push(baggageClientInterceptor({ egress: { to: { [`grpc://${NEXT}`]: keys } } }));
  }
  const client = createPaymentsClient(NEXT, interceptors);
  app.post('/orders', async (_request, response) => {
    const hop = describe('orders', 'http');
    const { total, hops } = await client.charge({ amount: 100 });
    response.json({ total, hops: [hop, ...hops] });
  });
  return listen(app);
}

/** Called over gRPC. */
async function payments() {
  const interceptors = [];
  if (isOurs) {
    const { baggageServerInterceptor } = await import('@graylane/baggage/grpc');
    interceptors.push(baggageServerInterceptor({ ingress: { mode: 'accept', keys } }));
  }
  const server = new Server({ interceptors });
  server.addService(paymentsService, {
    Charge: ({ request }, respond) => {
      const hop = describe('payments', 'grpc');
      const fee = hop.flags[flagKeys[0]].value ? 1.5 : 2.5;
      respond(null, { total: request.amount + fee, hops: [hop] });
    },
  });
  const bind = promisify(server.bindAsync.bind(server));
  return bind('127.0.0.1:0', ServerCredentials.createInsecure());
}

function bareHop(service, transport) {
  const decisions = flagKeys.map((key) => [key, { value: true, variant: 'on', reason: 'TARGETING_MATCH' }]);
  return { service, transport, lane: 'gray', flags: Object.fromEntries(decisions) };
}

/** What the demo's services do: each reads the lane, and evaluates two flags by it. */
async function ourHop() {
  const { getActiveLane } = await import('@graylane/baggage');
  const { getSyncClient, GraylaneProvider } = await import('@graylane/provider');
  const { OpenFeature } = await import('@openfeature/server-sdk');
  const gray = { if: [{ '==': [{ var: 'lane' }, 'gray'] }, 'on', 'off'] };
  const flag = {
    state: 'ENABLED',
    variants: { on: true, off: false },
    defaultVariant: 'off',
    targeting: gray,
  };
  const lane = {
    state: 'ENABLED',
    variants: { baseline: 'baseline', gray: 'gray' },
    defaultVariant: 'baseline',
    targeting: { if: [{ '==': [{ var: 'tenant' }, 'internal'] }, 'gray'] },
  };
  const flags = { lane, ...Object.fromEntries(flagKeys.map((key) => [key, flag])) };
  const baggage = {
    lane: { authoritative: true },
    'user-id': { as: 'targetingKey' },
    tenant: {},
    region: {},
  };
  await OpenFeature.setProviderAndWait(new GraylaneProvider({ source: { flags: { flags } }, baggage }));
  const client = getSyncClient();
  const decide = (key) => {
    const { value, variant = '', reason } = client.getBooleanDetailsSync(key, false);
    return [key, { value, variant, reason }];
  };
  return (service, transport) => ({
    service,
    transport,
    lane: getActiveLane(),
    flags: Object.fromEntries(flagKeys.map(decide)),
  });
}

function listen(app) {
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}
