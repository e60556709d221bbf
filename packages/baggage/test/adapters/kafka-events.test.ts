import { randomUUID } from 'node:crypto';
import { getActiveLane } from '@graylane/baggage';
import { withBaggageConsumer, withBaggageProducer } from '@graylane/baggage/kafka';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { kafka, startKafka, type Broker } from '../../../../test/components/services/kafka.ts';
import { inbox } from '../../../../test/support/inbox.ts';
import { inRequest } from './in-request.ts';

await describeWith(kafka, 'listeners of the events of kafkajs', () => {
  let broker: Broker;

  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(() => broker.close());

  test('run in no lane: neither in that of the request that connected, nor in that of a message', async () => {
    const topic = `events-${randomUUID()}`;
    const client = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING });
    const events = new Map<string, Set<string>>();
    const note = (event: string): void => {
      events.set(event, (events.get(event) ?? new Set()).add(getActiveLane()));
    };

    const bareProducer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const producer = withBaggageProducer(bareProducer, { egress: { to: { [`kafka:${topic}`]: ['lane'] } } });
    for (const event of Object.values(bareProducer.events)) producer.on(event, () => note(event));
    const messages = Array.from({ length: 10 }, () => ({ value: 'one' }));
    await inRequest('lane=gray', async () => {
      await producer.connect();
      await producer.send({ topic, messages });
    });

    // Each heartbeat() is sent: the interval since the last one has always passed.
    const group = { groupId: topic, maxWaitTimeInMs: 20, heartbeatInterval: 1 };
    const bareConsumer = client.consumer(group);
    const consumer = withBaggageConsumer(bareConsumer, { ingress: { mode: 'accept', keys: ['lane'] } });
    for (const event of Object.values(bareConsumer.events)) consumer.on(event, () => note(event));
    const seen = inbox<string>();
    await inRequest('lane=team-a', async () => {
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        eachMessage: async (payload) => {
          await payload.heartbeat();
          seen.put(getActiveLane());
        },
      });
    });
    expect(new Set(await seen.take(10))).toEqual(new Set(['gray']));
    await Promise.all([consumer.disconnect(), producer.disconnect()]);

    const { CONNECT, HEARTBEAT, GROUP_JOIN, COMMIT_OFFSETS, DISCONNECT } = bareConsumer.events;
    const { REQUEST, CONNECT: PRODUCER_CONNECT } = bareProducer.events;
    expect([...events.keys()]).toEqual(
      expect.arrayContaining([
        CONNECT,
        HEARTBEAT,
        GROUP_JOIN,
        COMMIT_OFFSETS,
        DISCONNECT,
        REQUEST,
        PRODUCER_CONNECT,
      ]),
    );
    expect([...events].filter(([, lanes]) => lanes.size > 1 || !lanes.has('baseline'))).toEqual([]);
  });

  test('can be removed, as those of the client itself', async () => {
    const client = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING });
    const bare = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const producer = withBaggageProducer(bare, { egress: { to: {} } });
    let calls = 0;
    const remove = producer.on(bare.events.CONNECT, () => calls++);
    await producer.connect();
    remove();
    await producer.disconnect();
    await producer.connect();
    await producer.disconnect();
    expect(calls).toBe(1);
  });
});
