import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, expect, test } from 'vitest';
import { describeWith } from '../../components/components.ts';
import { goHop, javaHops, pythonHop, startHop, type Hop } from '../../components/clients/hops.ts';
import { kafka, startKafka, type Broker } from '../../components/services/kafka.ts';
import { expectWhole, ids, kinds } from './kinds.ts';

const services: ReadonlyArray<readonly [name: string, hop: Hop, ...more: string[]]> = [
  ['confluent-kafka in Python', pythonHop, 'confluent-kafka'],
  ['kafka-python', pythonHop, 'kafka-python'],
  ['franz-go in Go', goHop],
  ...javaHops.map((hop) => [`Apache's client and ${hop.name}`, hop] as const),
];
const requests = Object.entries(kinds).flatMap(([kind, make]) =>
  ids.map((id) => ({ kind, id, before: make(id) })),
);

let started: Promise<Broker> | undefined;

afterAll(async () => {
  const broker = await started;
  await broker?.close();
});

for (const [name, hop, ...more] of services) {
  const both = { ...hop, available: async () => (await hop.available()) && (await kafka.available()) };
  await describeWith(both, `messages through a consumer and a producer: ${name}`, () => {
    test('are what they were, of every kind', () => relayAll(hop, more));
  });
}

async function relayAll(hop: Hop, more: readonly string[]): Promise<void> {
  const { brokers } = await (started ??= startKafka());
  const client = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const [before, after] = [`before-${randomUUID()}`, `after-${randomUUID()}`];
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: before }, { topic: after }] });
  const relay = await startHop(hop, brokers, before, after, ...more);
  const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  const consumer = client.consumer({ groupId: after, maxWaitTimeInMs: 50 });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic: after, fromBeginning: true });
  const arrived = new Map<string, string>();
  await consumer.run({
    eachMessage: async ({ message }) => {
      arrived.set(String(message.value), String(message.headers?.['baggage'] ?? ''));
    },
  });
  await producer.send({
    topic: before,
    messages: requests.map((request, index) => ({
      value: String(index),
      headers: { baggage: request.before },
    })),
  });
  await expect.poll(() => arrived.size, { timeout: 90_000 }).toBe(requests.length);
  for (const [index, request] of requests.entries()) {
    expectWhole(request.kind, request.id, request.before, arrived.get(String(index)) ?? '');
  }
  await Promise.all([admin, producer, consumer].map((one) => one.disconnect()));
  await relay.close();
}
