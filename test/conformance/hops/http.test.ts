import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { admit, getCell } from '@graylane/baggage';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../components/components.ts';
import {
  goHop,
  javaHops,
  pythonHop,
  startHop,
  type Hop,
  type RunningHop,
} from '../../components/clients/hops.ts';
import { expectWhole, ids, kinds, verify } from './kinds.ts';

for (const hop of [pythonHop, goHop, ...javaHops]) {
  await describeWith(hop, `a request through a service with ${hop.name}`, () => overHttp(hop));
}

function overHttp(hop: Hop): void {
  let relay: RunningHop;
  let inner: Server;
  const received: string[] = [];

  beforeAll(async () => {
    inner = createServer((request, response) => {
      received.push(String(request.headers['baggage'] ?? ''));
      response.end('ok');
    });
    await new Promise<void>((resolve) => {
      inner.listen(0, '127.0.0.1', resolve);
    });
    relay = await startHop(hop);
  }, 60_000);

  afterAll(async () => {
    await relay.close();
    inner.close();
  });

  test.each(Object.keys(kinds))('is what it was, over HTTP: %s', async (kind) => {
    for (const id of ids) {
      const before = kinds[kind]?.(id) ?? '';
      expectWhole(kind, id, before, await through(before));
    }
  });

  test('that has two of them in a row', async () => {
    const [address = ''] = relay.addresses;
    const before = kinds['pinned']?.('ada') ?? '';
    const to = `${address}/?to=${encodeURIComponent(innerUrl())}`;
    expectWhole('pinned', 'ada', before, await through(before, to));
  });

  test('has lost nothing but a space, if it has', async () => {
    const after = await through(kinds['signed']?.('ada lovelace') ?? '');
    const cell = getCell(admit([after], verify, ROOT_CONTEXT));
    expect(cell?.lane).toBe('gray');
    expect(cell?.baggage.getEntry('user-id')?.value).toBe(
      hop === pythonHop ? 'ada+lovelace' : 'ada lovelace',
    );
  });

  test('is forged if the mark was changed on the way', async () => {
    const forged = (kinds['signed']?.('ada') ?? '').replace('lane=gray', 'lane=blue');
    expect(getCell(admit([await through(forged)], verify, ROOT_CONTEXT))?.lane).toBe('baseline');
  });

  async function through(baggage: string, to = innerUrl()): Promise<string> {
    const before = received.length;
    const [address = ''] = relay.addresses;
    const response = await fetch(`${address}/?to=${encodeURIComponent(to)}`, { headers: { baggage } });
    expect([response.status, await response.text()]).toEqual([200, 'ok']);
    expect(received.length).toBe(before + 1);
    return received.at(-1) ?? '';
  }

  function innerUrl(): string {
    return `http://127.0.0.1:${(inner.address() as AddressInfo).port}/`;
  }
}
