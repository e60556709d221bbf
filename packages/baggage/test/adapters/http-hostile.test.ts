import { baggageCounts, getActiveLane } from '@graylane/baggage';
import { baggageMiddleware } from '@graylane/baggage/express';
import { baggageListener } from '@graylane/baggage/http';
import express from 'express';
import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { hostileLines } from '../../../../test/support/hostile.ts';
import { exchange, serve } from './http-listener.ts';

const ingress = { mode: 'accept', keys: ['lane', 'k', '__proto__', 'constructor', 'toString'] } as const;
const closing: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

describe.each<readonly [string, (handler: RequestListener) => RequestListener]>([
  ['express', (handler) => express().use(baggageMiddleware({ ingress }), handler)],
  ['node:http', (handler) => baggageListener({ ingress }, handler)],
])('over a raw socket to %s', (_name, wrap) => {
  test('hostile headers are refused or run in no lane, and the server goes on', async () => {
    const server = await serve(wrap((_request, response) => void response.end(`<${getActiveLane()}>`)));
    closing.push(server);
    const before = baggageCounts().rejected ?? 0;
    for (const value of hostileLines) {
      for (const encoding of ['latin1', 'utf8'] as const) {
        const answer = await exchange(server.origin, Buffer.from(`baggage: ${value}\r\n`, encoding));
        // Node's parser refuses bytes that are not a header, and headers that are too long; the
        // policy judges the rest.
        expect(answer).toMatch(/^HTTP\/1\.1 (?:400|431) |<baseline>/);
      }
      expect(await exchange(server.origin, Buffer.from('baggage: lane=gray\r\n'))).toContain('<gray>');
    }
    expect((baggageCounts().rejected ?? 0) - before).toBeGreaterThan(5);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
