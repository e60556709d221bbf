import { getActiveLane } from '@graylane/baggage';
import { baggageListener } from '@graylane/baggage/http';
import type { RequestListener, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { serve } from './http-listener.ts';

const options = { ingress: { mode: 'accept', keys: ['lane'] } } as const;
const many = 20_000;

test('requests that a connection brings before the first response cost each the same, however many wait', async () => {
  const ours = await cpuOf((handler) => baggageListener(options, handler));
  const floor = await cpuOf((handler) => handler);
  // A search among all requests that wait is quadratic: at this number it took more than twenty
  // times the bare server.
  expect(ours / floor).toBeLessThan(5);
});

/** CPU time for `many` requests that all wait for the last one. */
async function cpuOf(wrap: (handler: RequestListener) => RequestListener): Promise<number> {
  const waiting: ServerResponse[] = [];
  const lanes = new Map<string, number>();
  const server = await serve(
    wrap((_request, response) => {
      lanes.set(getActiveLane(), (lanes.get(getActiveLane()) ?? 0) + 1);
      waiting.push(response);
      if (waiting.length === many) void endAll(waiting);
    }),
  );
  const before = process.cpuUsage();
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nBaggage: lane=gray\r\n\r\n'.repeat(many));
  let responses = 0;
  for await (const bytes of socket) {
    responses += String(bytes).split('HTTP/1.1 200').length - 1;
    if (responses >= many) break;
  }
  const { user, system } = process.cpuUsage(before);
  await server.close();
  expect([...lanes.values()]).toEqual([many]);
  return user + system;
}

/** Ends responses in batches: Node waits for seconds where it has thousands to write at once. */
async function endAll(responses: readonly ServerResponse[]): Promise<void> {
  for (const [index, response] of responses.entries()) {
    response.end('x');
    if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
