import { baggageListener } from '@graylane/baggage/http';
import { once } from 'node:events';
import { createServer as createHttp2Server, connect as connectHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { getActiveLane } from '@graylane/baggage';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { inbox } from '../../../../test/support/inbox.ts';
import { bodyContract } from './body-contract.ts';
import { serve } from './http-listener.ts';
import { servers } from './servers.ts';

const options = { ingress: { mode: 'accept', keys: ['lane'] } } as const;

for (const [name, wrap] of servers) bodyContract(name, (handler) => serve(wrap(options, handler)));

test('events of HTTP/2 requests that share a connection are each in their lane', async () => {
  const heard = inbox<string>();
  const listener = baggageListener(options, (request, response) => {
    const lane = request.headers['x-lane'];
    for (const event of ['finish', 'close']) {
      response.on(event, () => heard.put(`${String(lane)} ${event} ${getActiveLane()}`));
    }
    request.on('end', () => response.end(getActiveLane())).resume();
  });
  const server = createHttp2Server(listener as never);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const lanes = Array.from({ length: 20 }, (_, index) => ['gray', 'baseline', 'blue'][index % 3] ?? '');
  const answers = lanes.map((lane) => {
    const baggage = lane === 'baseline' ? {} : { baggage: `lane=${lane}` };
    const stream = session.request({ ':method': 'POST', 'x-lane': lane, ...baggage });
    stream.end('body');
    return text(stream);
  });
  expect(await Promise.all(answers)).toEqual(lanes);
  const events = await heard.take(40);
  session.close();
  server.close();
  for (const event of events) expect(event).toMatch(/^(\w+) (?:finish|close) \1$/);
});
