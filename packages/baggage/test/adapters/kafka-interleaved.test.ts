import { getActiveLane } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
import { forEachMessage, withBaggageConsumer, withBaggageProducer } from '@graylane/baggage/kafka';
import { baggageInterceptor } from '@graylane/baggage/undici';
import { propagation } from '@opentelemetry/api';
import express from 'express';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import { expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { inbox } from '../../../../test/support/inbox.ts';
import { kafka, startKafka } from '../../../../test/components/services/kafka.ts';
import { connectEcho, serveEcho } from './grpc-echo.ts';
import { listen, serve } from './http-listener.ts';
import { inRequest } from './in-request.ts';

const keys = ['lane', 'user-id'];
const ingress = { mode: 'accept', keys } as const;
const total = 10_000;

await describeWith(kafka, 'interleaved traffic', () => {
  test('10,000 requests, calls and messages in both lanes: none escapes, none leaks', async () => {
    const broker = await startKafka();
    const clients = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING });
    const topic = `interleaved-${randomUUID()}`;
    const admin = clients.admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 4 }] });
    const bare = clients.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const producer = withBaggageProducer(bare, { egress: { to: { [`kafka:${topic}`]: keys } } });
    await producer.connect();

    const [atGateway, atPayments, atLedger] = [inbox<string>(), inbox<string>(), inbox<string>()];
    const partner = await listen();
    const payments = await serveEcho([baggageServerInterceptor({ ingress })], undefined, () => {
      atPayments.put(sighting());
      return producer.send({ topic, messages: [{ value: 'paid' }] });
    });
    const destination = `grpc://127.0.0.1:${payments.port}`;
    const toPayments = connectEcho(`127.0.0.1:${payments.port}`, [
      baggageClientInterceptor({ egress: { to: { [destination]: keys } } }),
    ]);
    const toPartner = baggageFetch({ egress: { to: { [destination]: keys } } });
    const gateway = await serve(
      express()
        .use(baggageMiddleware({ ingress }))
        .use((request, response) => {
          atGateway.put(sighting());
          const asked = request.url.endsWith('0')
            ? toPartner(partner.origin).then((one) => one.text())
            : undefined;
          void Promise.all([toPayments.unary(), asked]).then(() => response.end(sighting()));
        }),
    );
    const consumer = withBaggageConsumer(clients.consumer({ groupId: topic, maxWaitTimeInMs: 20 }), {
      ingress,
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      partitionsConsumedConcurrently: 4,
      eachBatch: async ({ batch }) =>
        forEachMessage(batch, async () => {
          await Promise.resolve();
          atLedger.put(sighting());
        }),
    });

    const agent = new Agent({ connections: 32 });
    const dispatcher = agent.compose(baggageInterceptor({ egress: { to: { [gateway.origin]: keys } } }));
    const answers: string[] = [];
    let next = 0;
    const user = async (): Promise<void> => {
      while (next < total) {
        const number = next++;
        const call = async (): Promise<void> => {
          const { body } = await dispatcher.request({
            origin: gateway.origin,
            path: `/${number}`,
            method: 'GET',
          });
          answers[number] = await body.text();
        };
        await inRequest(number % 2 === 0 ? `lane=gray,user-id=${number}` : `user-id=${number}`, call);
      }
    };
    await Promise.all(Array.from({ length: 64 }, user));
    await atLedger.take(total);

    const expected = Array.from(
      { length: total },
      (_, number) => `${number} ${number % 2 === 0 ? 'gray' : 'baseline'}`,
    );
    expect(answers).toEqual(expected);
    for (const { all } of [atGateway, atPayments, atLedger]) {
      expect(all.toSorted()).toEqual(expected.toSorted());
    }
    expect(partner.received.all).toHaveLength(total / 10);
    expect(partner.received.all.filter(({ baggage }) => baggage.length > 0)).toEqual([]);

    await Promise.all([consumer.disconnect(), bare.disconnect(), admin.disconnect(), agent.close()]);
    toPayments.close();
    payments.close();
    await Promise.all([gateway.close(), partner.close()]);
    await broker.close();
  }, 180_000);
});

/** Whose request this is, and its lane. */
function sighting(): string {
  return `${propagation.getActiveBaggage()?.getEntry('user-id')?.value} ${getActiveLane()}`;
}
