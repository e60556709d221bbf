import { setTimeout } from 'node:timers/promises';
import { baggageServerInterceptor } from '@graylane/baggage/grpc';
import { withBaggageProducer } from '@graylane/baggage/kafka';
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { flagClient } from './flag-client.ts';
import { describeHop } from './hop.ts';
import { connectKafka, topic } from '../support/kafka.ts';
import { paymentsService, type Charge } from './payments-contract.ts';
import { log } from '../support/log.ts';
import { announceGrpc } from '../support/service.ts';

const keys = ['lane', 'user-id', 'tenant', 'region'];
const producer = connectKafka('payments')?.producer();
const ledger = producer && withBaggageProducer(producer, { egress: { to: { [`kafka:${topic}`]: keys } } });
await ledger?.connect();

/** A defect of a release, for a rollout to find: see the flag in the flags file. */
interface Defect {
  readonly delayMs?: number;
  /** The share of requests that fail. */
  readonly failing?: number;
}

/** The baggage is all that payments knows of the request. */
async function charge(amount: number): Promise<Charge> {
  const { delayMs = 0, failing = 0 } = flagClient.getObjectValueSync('payments-defect', {}) as Defect;
  if (delayMs > 0) await setTimeout(delayMs);
  if (Math.random() < failing) throw new Error('the charge failed, as the flag payments-defect demands');
  const hop = describeHop('payments', 'grpc');
  const fee = hop.flags['payment-new-fee-calculation']?.value ? 1.5 : 2.5;
  const total = amount + fee;
  await ledger?.send({ topic, messages: [{ value: JSON.stringify({ total }) }] });
  log.info({ total }, 'charged');
  return { total, hops: [hop] };
}

const server = new Server({
  interceptors: [baggageServerInterceptor({ ingress: { mode: 'accept', keys } })],
});
server.addService(paymentsService, {
  Charge(call: ServerUnaryCall<{ amount: number }, Charge>, respond: sendUnaryData<Charge>) {
    charge(call.request.amount).then((response) => respond(null, response), respond);
  },
});

announceGrpc(server, ServerCredentials.createInsecure(), 'payments', 'PAYMENTS_PORT', () =>
  ledger?.disconnect(),
);
