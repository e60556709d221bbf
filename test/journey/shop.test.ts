import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeBlocks } from '../support/markdown.ts';
import { eventually, grayHeaders, Shop, type Checkout, type Hop } from '../support/shop.ts';

const fee = 'payment-new-fee-calculation';
let shop: Shop;

beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(async () => shop?.close());

describe('a request through the shop', () => {
  test('is baseline in every service when it is not dyed', async () => {
    const { lane, total, hops, traceId } = await shop.checkout();
    expect(lane).toBe('baseline');
    expect(total).toBe(102.5);
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(hops.map(({ service, transport }) => [service, transport])).toEqual([
      ['gateway', 'http'],
      ['orders', 'http'],
      ['payments', 'grpc'],
    ]);
    expect(new Set(hops.map((hop) => hop.lane))).toEqual(new Set(['baseline']));
    expect(values(hops, fee)).toEqual(new Set([false]));
  });

  test('is gray in every service when the dye rule returns gray, and every flag obeys', async () => {
    const { lane, total, hops } = await shop.checkout(grayHeaders);
    expect(lane).toBe('gray');
    expect(total).toBe(101.5);
    expect(hops).toHaveLength(3);
    for (const hop of hops) {
      expect(hop.lane).toBe('gray');
      expect(hop.flags[fee]).toEqual({ value: true, variant: 'on', reason: 'TARGETING_MATCH' });
    }
  });

  test('is the one that README.md shows', async () => {
    const blocks = codeBlocks('README.md');
    const [, headers = ''] =
      /checkout (.*)/.exec(blocks.find(({ code }) => code.includes('curl'))?.code ?? '') ?? [];
    const sent = [...headers.matchAll(/'([^:]+): ([^']+)'/g)].map(([, name, value]) => [name, value]);
    expect(Object.fromEntries(sent)).toEqual(grayHeaders);
    const json = blocks.find(({ info }) => info === 'json')?.code.replaceAll(/,?\s*"…": \{\}/g, '') ?? '';
    const shown = JSON.parse(json) as Checkout;
    expect(await shop.checkout(grayHeaders)).toMatchObject({
      ...shown,
      traceId: expect.any(String) as string,
    });
  });

  test('keeps the flag off in gray outside the region', async () => {
    const { hops } = await shop.checkout({ ...grayHeaders, 'x-region': 'eu-west' });
    expect(new Set(hops.map((hop) => hop.lane))).toEqual(new Set(['gray']));
    expect(values(hops, fee)).toEqual(new Set([false]));
  });

  test("can't be dyed by a stranger's baggage", async () => {
    const { lane, hops } = await shop.checkout({ baggage: 'lane=gray,region=cn-shenzhen' });
    expect(lane).toBe('baseline');
    expect(new Set(hops.map((hop) => hop.lane))).toEqual(new Set(['baseline']));
    expect(values(hops, fee)).toEqual(new Set([false]));
  });

  test('falls into the same bucket of a rollout in every service', async () => {
    const users = Array.from({ length: 100 }, (_, index) => `user-${index}`);
    const decisions = await Promise.all(
      users.map(async (user) =>
        values((await shop.checkout({ 'x-user-id': user })).hops, 'receipt-redesign'),
      ),
    );
    for (const decision of decisions) expect(decision.size).toBe(1);
    expect(decisions.filter((decision) => decision.has(true)).length).toBeGreaterThan(0);
    expect(decisions.filter((decision) => decision.has(true)).length).toBeLessThan(20);
  });

  test('keeps its own lane among 200 interleaved ones', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const gray = index % 2 === 0;
        return { gray, ...(await shop.checkout(gray ? grayHeaders : { 'x-user-id': 'bob' })) };
      }),
    );
    for (const { gray, hops } of answers) {
      expect(hops.map((hop) => hop.lane)).toEqual(Array(3).fill(gray ? 'gray' : 'baseline'));
      expect(values(hops, fee)).toEqual(new Set([gray]));
    }
    expect(new Set(answers.map(({ traceId }) => traceId)).size).toBe(200);
  });
});

describe('a changed rule', () => {
  const bobsTenant = { 'x-user-id': 'bob', 'x-tenant-id': 'acme', 'x-region': 'cn-shenzhen' };

  test('reaches every service when the flag is PUT', async () => {
    const url = `${shop.flagServer}/api/v1/environments/default/flags/lane`;
    const before = await fetch(url);
    const flag = (await before.json()) as Record<string, unknown>;
    const targeting = { if: [{ '==': [{ var: 'tenant' }, 'acme'] }, 'gray'] };
    const put = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'if-match': before.headers.get('etag') ?? '' },
      body: JSON.stringify({ ...flag, targeting }),
    });
    expect(put.status).toBe(200);
    await everyHopIs('gray', bobsTenant);
    await everyHopIs('baseline', grayHeaders);
  });

  test('reaches every service when the file is edited', async () => {
    const document = JSON.parse(readFileSync(shop.flagsFile, 'utf8')) as { flags: Record<string, object> };
    document.flags[fee] = { ...document.flags[fee], targeting: {}, defaultVariant: 'on' };
    writeFileSync(shop.flagsFile, JSON.stringify(document, null, 2));
    await eventually(async () => {
      expect(values((await shop.checkout()).hops, fee)).toEqual(new Set([true]));
    });
  });

  test('is refused when it is broken: the last good rules stay, and health has the place of the mistake', async () => {
    const good = readFileSync(shop.flagsFile, 'utf8');
    writeFileSync(shop.flagsFile, good.replace('"flags": {', '"flags": { oops'));
    await eventually(async () => {
      const health = await (await fetch(`${shop.flagServer}/healthz`)).text();
      expect(health).toContain(shop.flagsFile);
      expect(shop.output).toContain(shop.flagsFile);
    });
    await everyHopIs('gray', bobsTenant);
    writeFileSync(shop.flagsFile, good);
    await eventually(async () => {
      expect(await (await fetch(`${shop.flagServer}/healthz`)).text()).not.toContain(shop.flagsFile);
    });
  });

  async function everyHopIs(lane: string, headers: Record<string, string>): Promise<void> {
    await eventually(async () => {
      const { hops } = await shop.checkout(headers);
      expect(hops.map((hop) => hop.lane)).toEqual([lane, lane, lane]);
    });
  }
});

describe('the flag server killed', () => {
  test('fails no request and changes no decision; back again, its new rules are obeyed', async () => {
    const { hops: before } = await shop.checkout();
    const { port } = new URL(shop.flagServer);
    process.kill(shop.flagServerPid, 'SIGKILL');
    await shop.said(/flag server ended \(SIGKILL\)/);
    for (let round = 0; round < 50; round += 1) expect((await shop.checkout()).hops).toEqual(before);

    const document = JSON.parse(readFileSync(shop.flagsFile, 'utf8')) as { flags: Record<string, object> };
    document.flags[fee] = { ...document.flags[fee], defaultVariant: 'off' };
    writeFileSync(shop.flagsFile, JSON.stringify(document, null, 2));
    const bin = fileURLToPath(new URL('../../apps/server/bin/graylane-server.js', import.meta.url));
    const ports = ['--port', port, '--grpc-port', '0', '--management-port', '0'];
    const again = spawn(process.execPath, [bin, '--flags', shop.flagsFile, ...ports]);
    try {
      await eventually(async () => {
        expect(values((await shop.checkout()).hops, fee)).toEqual(new Set([false]));
      });
    } finally {
      const gone = once(again, 'exit');
      again.kill();
      await gone;
    }
  });
});

describe('the demo', () => {
  test('names the port in use and the variable that moves it', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    try {
      for (const variable of ['GATEWAY_PORT', 'GRAYLANE_PORT', 'PAYMENTS_PORT']) {
        const error = await Shop.open({ [variable]: String(port) }).then(
          () => undefined,
          (refused: Error) => refused,
        );
        expect(error?.message).toContain(`port ${port}`);
        expect(error?.message).toContain(variable);
      }
    } finally {
      holder.close();
    }
  });

  test('stops everything on Ctrl-C', async () => {
    const { gateway, flagServer } = shop;
    expect(await shop.close()).toBe(0);
    await expect(fetch(gateway)).rejects.toThrow('fetch failed');
    await expect(fetch(flagServer)).rejects.toThrow('fetch failed');
  });
});

function values(hops: readonly Hop[], key: string): Set<unknown> {
  return new Set(hops.map((hop) => hop.flags[key]?.value));
}
