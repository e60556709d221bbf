import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GraylaneProvider } from '@graylane/provider';
import { ProviderEvents } from '@openfeature/server-sdk';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { inbox } from '../../../test/support/inbox.ts';

describe('a server that goes silent, while its connections stay', () => {
  afterEach(() => void vi.useRealTimers());

  test('is out of reach within 2 s of its last byte, and not while it gives a sign of life each second', async () => {
    // Time is ours; connections are real.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const streams = inbox<ServerResponse>();
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      streams.put(response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const provider = new GraylaneProvider({ source: { url } });
    const heard = inbox<string>();
    provider.events.addHandler(ProviderEvents.ConfigurationChanged, (event) => {
      heard.put(String(event?.flagsChanged));
    });
    provider.events.addHandler(ProviderEvents.Stale, (event) => heard.put(String(event?.message)));
    try {
      const ready = provider.initialize();
      const [stream] = await streams.take(1);
      stream?.write(
        `event: snapshot\ndata: ${JSON.stringify({ revision: '0', document: { flags: {} } })}\n\n`,
      );
      await ready;
      const keys = ['one', 'two', 'three', 'four'];
      for (const [index, key] of keys.entries()) {
        vi.advanceTimersByTime(1500);
        const flags = { [key]: { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on' } };
        stream?.write(`event: delta\ndata: ${JSON.stringify({ revision: `${index + 1}`, flags })}\n\n`);
        // Who has heard of a change has counted its bytes as a sign of life.
        await heard.take(index + 1);
      }
      vi.advanceTimersByTime(2000);
      await heard.take(keys.length + 1);
      expect(heard.all).toEqual([...keys, `the flag server at ${url} went silent`]);
    } finally {
      await provider.onClose();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
