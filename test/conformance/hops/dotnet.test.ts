import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { admit, getCell } from '@graylane/baggage';
import { Metadata } from '@grpc/grpc-js';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectEcho, serveEcho } from '../../../packages/baggage/test/adapters/grpc-echo.ts';
import { describeWith } from '../../components/components.ts';
import { kafka, startKafka, type Broker } from '../../components/services/kafka.ts';
import { throughDotnet } from './dotnet.ts';
import { accept, expectAdmitted, ids, kinds, verify } from './kinds.ts';

/*
 * There is no .NET on the machines that run the tests, so services of Node forward the baggage as
 * OpenTelemetry for .NET does, over real transports.
 */

const requests = Object.entries(kinds).flatMap(([kind, make]) =>
  ids.map((id) => ({ kind, id, before: make(id) })),
);
const closing: { close(): unknown }[] = [];

afterAll(async () => {
  for (const one of closing.toReversed()) await one.close();
});

describe('a service that forwards as .NET does', () => {
  test('joins properties to the value, so we have none', () => {
    expect(throughDotnet('lane=gray;exp=1,a=b c+~,empty=')).toBe('lane=gray%3Bexp%3D1,a=b+c+%7E');
    for (const { before } of requests) expect(before).not.toContain(';');
  });

  test('leaves requests of every kind what they were, over HTTP', async () => {
    const received: string[] = [];
    const inner = await serve((incoming) => void received.push(String(incoming.headers['baggage'] ?? '')));
    const relay = await serve(async (incoming) => {
      const baggage = throughDotnet(String(incoming.headers['baggage'] ?? ''));
      await get(inner, baggage);
    });
    for (const [index, { kind, id, before }] of requests.entries()) {
      await get(relay, before);
      expectAdmitted(kind, id, received[index] ?? '');
    }
  });

  test('leaves requests of every kind what they were, over gRPC', async () => {
    const inner = await serveEcho([]);
    const toInner = connectEcho(`127.0.0.1:${inner.port}`);
    const relay = await serveEcho([], undefined, () => {
      const metadata = new Metadata();
      metadata.set('baggage', throughDotnet(relay.received.all.at(-1)?.join(',') ?? ''));
      return toInner.unary(metadata);
    });
    const outer = connectEcho(`127.0.0.1:${relay.port}`);
    closing.push(inner, toInner, relay, outer);
    for (const [index, { kind, id, before }] of requests.entries()) {
      const metadata = new Metadata();
      metadata.set('baggage', before);
      await outer.unary(metadata);
      const received = await inner.received.take(index + 1);
      expectAdmitted(kind, id, received.at(-1)?.join(',') ?? '');
    }
  });

  test('is as good as two of them in a row', () => {
    for (const { kind, id, before } of requests)
      expectAdmitted(kind, id, throughDotnet(throughDotnet(before)));
  });

  test('turns no forged lane into a valid one', () => {
    const forged = (kinds['signed']?.('ada') ?? '').replace('lane=gray', 'lane=blue');
    expect(getCell(admit([throughDotnet(forged)], verify, ROOT_CONTEXT))?.lane).toBe('baseline');
  });

  test('turns a space in a user id into a plus sign, as Python does', () => {
    const after = throughDotnet(kinds['unsigned']?.('ada lovelace') ?? '');
    const entry = getCell(admit([after], accept, ROOT_CONTEXT))?.baggage.getEntry('user-id');
    expect(entry?.value).toBe('ada+lovelace');
  });
});

await describeWith(kafka, 'a consumer that produces again as .NET does', () => {
  let broker: Broker;

  beforeAll(async () => {
    broker = await startKafka();
    closing.push(broker);
  });

  test('leaves messages of every kind what they were', async () => {
    const client = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING });
    const [before, after] = [`before-${randomUUID()}`, `after-${randomUUID()}`];
    const admin = client.admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic: before }, { topic: after }] });
    const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const relaying = client.consumer({ groupId: before, maxWaitTimeInMs: 50 });
    const consumer = client.consumer({ groupId: after, maxWaitTimeInMs: 50 });
    await Promise.all([producer, relaying, consumer].map((one) => one.connect()));
    await relaying.subscribe({ topic: before, fromBeginning: true });
    await consumer.subscribe({ topic: after, fromBeginning: true });
    const arrived = new Map<string, string>();
    await relaying.run({
      eachMessage: async ({ message }) => {
        const baggage = throughDotnet(String(message.headers?.['baggage'] ?? ''));
        await producer.send({ topic: after, messages: [{ value: message.value, headers: { baggage } }] });
      },
    });
    await consumer.run({
      eachMessage: async ({ message }) => {
        arrived.set(String(message.value), String(message.headers?.['baggage'] ?? ''));
      },
    });
    await producer.send({
      topic: before,
      messages: requests.map((sent, index) => ({ value: String(index), headers: { baggage: sent.before } })),
    });
    await expect.poll(() => arrived.size, { timeout: 90_000 }).toBe(requests.length);
    for (const [index, { kind, id }] of requests.entries())
      expectAdmitted(kind, id, arrived.get(String(index)) ?? '');
    await Promise.all([admin, producer, relaying, consumer].map((one) => one.disconnect()));
  });
});

async function serve(handle: (incoming: IncomingMessage) => unknown): Promise<Server> {
  const server = createServer((incoming, response) => {
    void Promise.resolve(handle(incoming)).then(
      () => response.end('ok'),
      () => response.destroy(),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closing.push({
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
  return server;
}

async function get(server: Server, baggage: string): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const outgoing = request({ host: '127.0.0.1', port, headers: { baggage } }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(await text(response)).toBe('ok');
}
