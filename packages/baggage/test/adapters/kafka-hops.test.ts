import { formatBaggage, parseBaggage } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
import { baggageRequest } from '@graylane/baggage/http';
import { withBaggageConsumer, withBaggageProducer } from '@graylane/baggage/kafka';
import { baggageInterceptor } from '@graylane/baggage/undici';
import express from 'express';
import fc from 'fast-check';
import { Kafka, logLevel, Partitioners, type IHeaders, type Producer } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { delicateValues, hostileHeaders, hostileLines } from '../../../../test/support/hostile.ts';
import { kafka, startKafka, type Broker } from '../../../../test/components/services/kafka.ts';
import { connectEcho, serveEcho } from './grpc-echo.ts';
import { exchange, listen, serve, type Listener } from './http-listener.ts';

const keys = ['lane', 'k', '__proto__', 'constructor', 'toString', 'hasOwnProperty'];
const ingress = { mode: 'accept', keys } as const;
const open: { close(): unknown }[] = [];

afterAll(async () => {
  for (const one of open.toReversed()) await one.close();
});

await describeWith(kafka, 'over HTTP, gRPC, Kafka and HTTP again', () => {
  let broker: Broker;
  let plain: Producer;
  let last: Listener;
  let edge: string;
  const topic = `hops-${randomUUID()}`;

  beforeAll(async () => {
    broker = await startKafka();
    last = await listen();
    const client = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING });
    const admin = client.admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
    await admin.disconnect();
    plain = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await plain.connect();

    const egress = { to: { [last.origin]: keys, [`kafka:${topic}`]: keys } };
    const producer = withBaggageProducer(plain, { egress });
    const payments = await serveEcho([baggageServerInterceptor({ ingress })], undefined, () =>
      producer.send({ topic, messages: [{ value: 'paid' }] }),
    );
    const toPayments = connectEcho(`127.0.0.1:${payments.port}`, [
      baggageClientInterceptor({ egress: { to: { [`grpc://127.0.0.1:${payments.port}`]: keys } } }),
    ]);
    const orders = express()
      .use(baggageMiddleware({ ingress }))
      .use((_request, response) => void toPayments.unary().then((seen) => response.end(seen.join())));
    const gateway = await serve(orders);
    edge = gateway.origin;

    const consumer = withBaggageConsumer(client.consumer({ groupId: topic, maxWaitTimeInMs: 20 }), {
      ingress,
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const agent = new Agent();
    const fetch = baggageFetch({ egress });
    const dispatcher = agent.compose(baggageInterceptor({ egress }));
    const request = baggageRequest({ egress });
    await consumer.run({
      eachMessage: async () => {
        await (await fetch(`${last.origin}/fetch`)).text();
        const { body } = await dispatcher.request({ origin: last.origin, path: '/undici', method: 'GET' });
        await body.text();
        const outgoing = request(`${last.origin}/node`);
        outgoing.end();
        await once(outgoing, 'response');
      },
    });
    open.push(broker, { close: () => plain.disconnect() }, last, payments, toPayments, gateway, agent, {
      close: () => consumer.disconnect(),
    });
  });

  test.each(delicateValues.map((value) => [value.slice(0, 40), value]))(
    '%s arrives as it was sent',
    async (_start, value) => {
      const before = last.received.all.length;
      expect(await exchange(edge, Buffer.from(`baggage: ${value}\r\n`))).toMatch(/^HTTP\/1\.1 200 /);
      expect(await arrivals(before)).toEqual([value, value, value]);
    },
  );

  test('hostile headers of a call break no service on the way', async () => {
    for (const value of hostileLines) {
      const before = last.received.all.length;
      const answer = await exchange(edge, Buffer.from(`baggage: ${value}\r\n`));
      if (!answer.startsWith('HTTP/1.1 200 ')) continue;
      for (const arrived of await arrivals(before)) expectClean(arrived);
    }
  });

  test('hostile headers of a message break no service on the way', async () => {
    for (const headers of hostileHeaders) {
      for (const arrived of await through(headers)) expectClean(arrived);
    }
    expect(await through({ baggage: 'lane=gray' })).toEqual(['lane=gray', 'lane=gray', 'lane=gray']);
  });

  test('a message with any bytes is sent on with its valid members', async () => {
    const member = fc.tuple(fc.constantFrom(...keys), fc.string({ unit: 'binary', maxLength: 20 }));
    const parts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      member.map(([key, value]) => `${key}=${value}`),
      member.map(([key, value]) => `${key}=1;p=${value}`),
      member.map(([key, value]) => `${key}=${encodeURIComponent(value)}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(parts, { maxLength: 6 }), async (list) => {
        const sent = Buffer.from(list.join(',')).toString();
        const read = parseBaggage(sent);
        const lane = read.getEntry('lane')?.value ?? '';
        const labelled = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(lane)
          ? read.setEntry('lane', { value: lane })
          : read.removeEntry('lane');
        const expected = formatBaggage(labelled, { keys: new Set(keys) });
        const arrived = await through({ baggage: sent });
        expect(arrived).toEqual(arrived.map(() => expected));
      }),
      { numRuns: 100 },
    );
  });

  /** The lane of a message from an untrusted sender at the end. */
  async function through(headers: IHeaders): Promise<string[]> {
    const before = last.received.all.length;
    await plain.send({ topic, messages: [{ value: 'strange', headers }] });
    return arrivals(before);
  }

  /** The one header, or none, that each of the clients at the end has sent. */
  async function arrivals(before: number): Promise<string[]> {
    const received = (await last.received.take(before + 3)).slice(before);
    expect(received.map(({ path }) => path)).toEqual(['/fetch', '/undici', '/node']);
    return received.map(({ baggage, headers }) => {
      expect(baggage.length).toBeLessThanOrEqual(1);
      expect(headers).not.toHaveProperty('evil');
      expect(headers).not.toHaveProperty('set-cookie');
      return baggage[0] ?? '';
    });
  }
});

/**
 * A header that any hop may send: visible ASCII within the limits, and no lane, since none was
 * valid.
 */
function expectClean(header: string): void {
  expect(header).toMatch(/^[\u0021-\u007e]{0,8192}$/);
  expect(parseBaggage(header).getEntry('lane')).toBeUndefined();
}
