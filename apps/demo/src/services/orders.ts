import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageClientInterceptor } from '@graylane/baggage/grpc';
import express from 'express';
import { describeHop, type Hop } from './hop.ts';
import { createPaymentsClient } from './payments-contract.ts';
import { log } from '../support/log.ts';
import { announce } from '../support/service.ts';
import { setting } from '../support/setting.ts';

/** The response of `POST /orders`: the total to pay, and the hops from here on. */
export interface Order {
  readonly total: number;
  readonly hops: readonly Hop[];
}

const keys = ['lane', 'user-id', 'tenant', 'region'];
const paymentsTarget = setting('PAYMENTS_TARGET');
const payments = createPaymentsClient(paymentsTarget, [
  baggageClientInterceptor({ egress: { to: { [`grpc://${paymentsTarget}`]: keys } } }),
]);

const app = express();
app.use(baggageMiddleware({ ingress: { mode: 'accept', keys } }));

app.post('/orders', async (_request, response) => {
  const hop = describeHop('orders', 'http');
  const { total, hops } = await payments.charge({ amount: 100 });
  log.info({ total }, 'order placed');
  response.json({ total, hops: [hop, ...hops] } satisfies Order);
});

announce(app, 'orders', 'ORDERS_PORT');
