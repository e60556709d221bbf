import { setCallListener } from '@graylane/baggage';
import { forEachMessage, withBaggageConsumer, withBaggageProducer } from '@graylane/baggage/kafka';
import { Kafka, logLevel, Partitioners, type EachBatchPayload } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { kafka, startKafka, type Broker } from '../../../../test/components/services/kafka.ts';
import { eventually } from '../../../../test/support/shop.ts';
import { inRequest } from './in-request.ts';
import { byLane, recordCalls, type RecordedCalls } from './recorded-calls.ts';

const keys = ['lane'];
const lanes = ['baseline', 'gray', 'team-a'];
const messages = 60;

await describeWith(kafka, 'Kafka operations', () => {
  let broker: Broker;
  let client: Kafka;
  let recorded: () => Promise<readonly RecordedCalls[]>;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    broker = await startKafka();
    client = new Kafka({
      brokers: broker.brokers.split(','),
      logLevel: logLevel.NOTHING,
      retry: { retries: 5 },
    });
  });
  afterAll(() => broker.close());
  beforeEach(() => (recorded = recordCalls()));
  afterEach(async () => {
    setCallListener(undefined);
    await Promise.all(closing.splice(0).map((close) => close()));
  });

  async function producerFor(topic: string) {
    const admin = client.admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
    await admin.disconnect();
    const bare = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const options = { egress: { to: { [`kafka:${topic}`]: keys } } };
    const producer = withBaggageProducer(withBaggageProducer(bare, options), options);
    await producer.connect();
    closing.push(() => producer.disconnect());
    return producer;
  }

  async function consumerOf(topic: string) {
    const consumer = withBaggageConsumer(client.consumer({ groupId: topic, maxWaitTimeInMs: 20 }), {
      ingress: { mode: 'accept', keys },
    });
    await consumer.connect();
    closing.push(() => consumer.disconnect());
    await consumer.subscribe({ topic, fromBeginning: true });
    return consumer;
  }

  const expected = { baseline: messages / 3, gray: messages / 3, 'team-a': messages / 3 };
  const failing = new Set<string>();

  test.each(['eachMessage', 'eachBatch'] as const)(
    'are recorded once each for the lane of their own request: %s',
    async (style) => {
      const topic = `calls-${randomUUID()}`;
      const producer = await producerFor(topic);
      await Promise.all(
        Array.from({ length: messages }, (_, index) =>
          inRequest(`lane=${lanes[index % lanes.length]}`, () =>
            producer.send({ topic, messages: [{ value: 'paid' }] }),
          ),
        ),
      );
      const consumer = await consumerOf(topic);
      await consumer.run(
        style === 'eachMessage'
          ? { eachMessage: async () => Promise.resolve() }
          : { eachBatch: async ({ batch }: EachBatchPayload) => forEachMessage(batch, async () => {}) },
      );
      const common = { 'messaging.system': 'kafka', 'messaging.destination.name': topic };
      await eventually(async () => {
        const all = await recorded();
        const sent = all.filter(({ kind }) => kind === 'messaging.client.operation');
        const processed = all.filter(({ kind }) => kind === 'messaging.process');
        expect(byLane(sent)).toEqual(expected);
        expect(byLane(processed)).toEqual(expected);
        for (const one of sent)
          expect(one).toMatchObject({
            ...common,
            'messaging.operation.name': 'send',
            'messaging.operation.type': 'send',
          });
        for (const one of processed)
          expect(one).toMatchObject({
            ...common,
            'messaging.operation.name': 'process',
            'messaging.operation.type': 'process',
            'messaging.consumer.group.name': topic,
          });
      });
    },
  );

  test('are recorded once with the type of their error', async () => {
    const topic = `calls-${randomUUID()}`;
    const producer = await producerFor(topic);
    const tooLarge = { value: Buffer.alloc(2_000_000) };
    await expect(
      inRequest('lane=gray', () => producer.send({ topic, messages: [tooLarge] })),
    ).rejects.toBeInstanceOf(Error);
    await inRequest('lane=gray', () =>
      producer.sendBatch({ topicMessages: [{ topic, messages: [{ value: 'fail' }] }] }),
    );
    const consumer = await consumerOf(topic);
    await consumer.run({
      eachMessage: async ({ message }) => {
        if (failing.has(message.offset)) return;
        failing.add(message.offset);
        throw new RangeError('the first time');
      },
    });
    await eventually(async () => {
      const all = await recorded();
      expect(
        all
          .slice(0, 3)
          .map(({ kind, lane, count, ...attributes }) => [kind, attributes['error.type'], lane, count]),
      ).toEqual([
        ['messaging.client.operation', expect.stringMatching(/^KafkaJS/), 'gray', 1],
        ['messaging.client.operation', undefined, 'gray', 1],
        ['messaging.process', 'RangeError', 'gray', 1],
      ]);
    });
  });
});
