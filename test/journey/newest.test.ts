import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { newest, newestInstallation } from '../components/tools/newest.ts';
import { grayHeaders, Shop } from '../support/shop.ts';

await describeWith(newest, 'the shop on the newest Node with OpenTelemetry 3.x', () => {
  let shop: Shop;

  beforeAll(async () => {
    shop = await Shop.open({}, newestInstallation());
  });
  afterAll(async () => shop?.close());

  test('dyes each of 100 interleaved requests in its own lane', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => shop.checkout(index % 2 === 0 ? grayHeaders : {})),
    );
    for (const [index, { hops, total }] of answers.entries()) {
      const gray = index % 2 === 0;
      expect(hops.map(({ lane }) => lane)).toEqual(Array(3).fill(gray ? 'gray' : 'baseline'));
      expect(total).toBe(gray ? 101.5 : 102.5);
    }
    expect(new Set(answers.map(({ traceId }) => traceId)).size).toBe(100);
  });

  test("strips a stranger's baggage", async () => {
    const { hops } = await shop.checkout({ baggage: 'lane=gray' });
    expect(new Set(hops.map(({ lane }) => lane))).toEqual(new Set(['baseline']));
  });

  test('stops on Ctrl-C', async () => {
    expect(await shop.close()).toBe(0);
  });
});
