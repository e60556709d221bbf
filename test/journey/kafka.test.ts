import { getActiveLane, runInLane } from '@graylane/baggage';
import { forEachMessage, withBaggageConsumer, withBaggageProducer } from '@graylane/baggage/kafka';
import { Kafka, logLevel, type Consumer, type Producer } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { kafka, startKafka, type Broker } from '../components/services/kafka.ts';
import { codeBlocks } from '../support/markdown.ts';
import { grayHeaders, Shop } from '../support/shop.ts';

await describeWith(kafka, 'the shop with Kafka', () => {
  let broker: Broker;
  let shop: Shop;

  test.each(['eachMessage', 'eachBatch'])('%s of docs/adapters/kafka.md runs in the lane', async (kind) => {
    const client = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING });
    const lanes: string[] = [];
    const handle = (): void => void lanes.push(getActiveLane());
    const { producer, consumer } = await clientsOf(kind, client, handle);
    try {
      await runInLane('gray', () => producer.send({ topic: 'payments', messages: [{ value: '{}' }] }));
      await expect.poll(() => lanes, { timeout: 60_000 }).toContain('gray');
      expect(new Set(lanes)).toEqual(new Set(['gray']));
    } finally {
      await consumer.disconnect();
      await producer.disconnect();
    }
  });

  beforeAll(async () => {
    broker = await startKafka();
    shop = await Shop.open({ KAFKA_BROKERS: broker.brokers });
  });
  afterAll(async () => {
    await shop?.close();
    await broker?.close();
  });

  test('carries the lane through the broker, and the flags obey behind it', async () => {
    const gray = await shop.checkout(grayHeaders);
    const hop = await shop.ledgerHop(gray.traceId);
    expect(hop).toMatchObject({ service: 'ledger', transport: 'kafka', lane: 'gray' });
    expect(hop.flags).toEqual(gray.hops[0]?.flags);
  });

  test('keeps each message in its own lane among 100 interleaved ones', async () => {
    const lanes = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const { traceId, lane } = await shop.checkout(index % 2 === 0 ? grayHeaders : {});
        return [lane, (await shop.ledgerHop(traceId)).lane];
      }),
    );
    for (const [index, [asked, seen]] of lanes.entries()) {
      expect(asked).toBe(index % 2 === 0 ? 'gray' : 'baseline');
      expect(seen).toBe(asked);
    }
  });
});

interface Clients {
  readonly producer: Producer;
  readonly consumer: Consumer;
}

/** The clients that the example of docs/adapters/kafka.md makes, with one of its two handlers. */
async function clientsOf(kind: string, client: Kafka, handle: () => void): Promise<Clients> {
  const code = codeBlocks('docs/adapters/kafka.md')[0]?.code ?? '';
  const ready = async ({ producer, consumer }: Clients): Promise<void> => {
    await producer.connect();
    const admin = client.admin();
    await admin.createTopics({ topics: [{ topic: 'payments' }], waitForLeaders: true });
    await admin.disconnect();
    await consumer.connect();
    await consumer.subscribe({ topic: 'payments', fromBeginning: true });
  };
  const isKept = (line: string): boolean =>
    !line.startsWith('import ') && (!line.includes('.run(') || line.includes(kind));
  const lines = code.split('\n').filter(isKept);
  const body = lines.join('\n').replace('await consumer.run', 'await ready({ producer, consumer });\n$&');
  const scope = {
    kafka: client,
    groupId: `docs-${kind}`,
    handle,
    ready,
    forEachMessage,
    withBaggageConsumer,
    withBaggageProducer,
  };
  const module = `export async function example({ ${Object.keys(scope).join(', ')} }) {
    ${body}
    return { producer, consumer };
  }`;
  const { example } = (await import(`data:text/javascript,${encodeURIComponent(module)}`)) as {
    example(this: void, values: typeof scope): Promise<Clients>;
  };
  return example(scope);
}
