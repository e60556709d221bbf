import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { kafka, startKafka, type Broker } from '../components/services/kafka.ts';
import { grayHeaders, Shop } from '../support/shop.ts';

await describeWith(kafka, 'the shop with Kafka', () => {
  let broker: Broker;
  let shop: Shop;

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
