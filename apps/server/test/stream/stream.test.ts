import { connect } from 'node:net';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inbox, type Inbox } from '../../../../test/support/inbox.ts';
import { fees, serve, type Served } from '../support/serve.ts';

interface Change {
  readonly event: string;
  readonly id: string;
  readonly revision: string;
  readonly [name: string]: unknown;
}

let served: Served;
const following: AbortController[] = [];

beforeEach(async () => {
  served = await serve({ flags: { fees, other: fees }, metadata: { flagSetId: 'shop' } });
});
afterEach(async () => {
  for (const one of following.splice(0)) one.abort();
  await served.close();
});

describe('a client of the change stream', () => {
  test('gets a snapshot, then what changes', async () => {
    const events = await follow();
    const [snapshot] = await events.take(1);
    expect(snapshot).toMatchObject({
      event: 'snapshot',
      resync: false,
      document: { flags: { fees, other: fees }, metadata: { flagSetId: 'shop' } },
    });
    const changed = { ...fees, defaultVariant: 'on' };
    served.edit(JSON.stringify({ flags: { fees: changed, added: fees }, $evaluators: { x: { var: 'y' } } }));
    const [, delta] = await events.take(2);
    expect(delta).toEqual({
      event: 'delta',
      id: delta?.revision,
      revision: expect.any(String),
      flags: { fees: changed, added: fees, other: null },
      $evaluators: { x: { var: 'y' } },
      metadata: null,
    });
  });

  test('that reconnects gets the changes that it missed, or a resync if its revision is unknown', async () => {
    const [snapshot] = await (await follow()).take(1);
    const current = await (await follow({ 'last-event-id': snapshot?.id ?? '' })).take(1);
    expect(current).toEqual([{ event: 'current', id: snapshot?.id, revision: snapshot?.id }]);

    for (const defaultVariant of ['on', null]) {
      const before = (await fetch(`${served.url}/healthz`).then((answer) => answer.json())) as {
        revision: string;
      };
      served.edit(JSON.stringify({ flags: { fees: { ...fees, defaultVariant }, other: fees } }));
      await expect
        .poll(async () => (await fetch(`${served.url}/healthz`)).json())
        .not.toMatchObject({ revision: before.revision });
    }
    const missed = await (await follow({ 'last-event-id': snapshot?.id ?? '' })).take(2);
    expect(missed.map(({ event, flags }) => [event, flags])).toEqual([
      ['delta', { fees: { ...fees, defaultVariant: 'on' } }],
      ['delta', { fees: { ...fees, defaultVariant: null } }],
    ]);

    const [resync] = await (await follow({ 'last-event-id': 'elsewhere.7' })).take(1);
    expect(resync).toMatchObject({ event: 'snapshot', resync: true });
  });

  test('that was away for more than is kept gets everything, flagged as a resync', async () => {
    const [snapshot] = await (await follow()).take(1);
    const live = await follow();
    for (let count = 1; count <= 4; count += 1) {
      const large = { ...fees, metadata: { text: 'x'.repeat(3_000_000), count } };
      served.edit(JSON.stringify({ flags: { fees: large, other: fees } }));
      await live.take(1 + count);
    }
    const [first] = await (await follow({ 'last-event-id': snapshot?.id ?? '' })).take(1);
    expect(first).toMatchObject({
      event: 'snapshot',
      resync: true,
      document: { flags: { fees: { metadata: { count: 4 } } } },
    });
    const [, , second] = live.all;
    const later = await (await follow({ 'last-event-id': second?.id ?? '' })).take(2);
    expect(later.map(({ event }) => event)).toEqual(['delta', 'delta']);
  });

  test('of HTTP/1.0, as some proxies are, gets the same without chunks', async () => {
    const socket = connect(Number(new URL(served.url).port), '127.0.0.1').setEncoding('utf8');
    let text = '';
    socket.on('data', (part: string) => (text += part));
    socket.write('GET /api/v1/environments/default/stream?heartbeat=1 HTTP/1.0\r\n\r\n');
    await expect.poll(() => text).toContain('event: snapshot');
    served.edit(JSON.stringify({ flags: { fees } }));
    await expect.poll(() => text).toContain('event: delta');
    await expect.poll(() => text).toMatch(/event: delta\n[^\r]*\n\n:\nretry: 500\n\n/);
    socket.destroy();
  });

  test('gets a heartbeat at the interval that it requests', async () => {
    const response = await fetch(`${served.url}/api/v1/environments/default/stream?heartbeat=1`);
    let text = '';
    for await (const bytes of response.body ?? []) {
      text += new TextDecoder().decode(bytes);
      if (/^:$/m.test(text)) break;
    }
    expect(text).toMatch(/^retry: \d+$/m);
    expect((await fetch(`${served.url}/api/v1/environments/default/stream?heartbeat=0`)).status).toBe(400);
  });

  test('is let go when the server stops', async () => {
    const response = await fetch(`${served.url}/api/v1/environments/default/stream`);
    const text = response.text();
    await served.close();
    expect(await text).toContain('event: snapshot');
  });
});

async function follow(headers: Record<string, string> = {}): Promise<Inbox<Change>> {
  const events = inbox<Change>();
  const ending = new AbortController();
  following.push(ending);
  const response = await fetch(`${served.url}/api/v1/environments/default/stream`, {
    headers,
    signal: ending.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const parser = createParser({
    onEvent: ({ event = '', id = '', data }: EventSourceMessage) => {
      events.put({ event, id, ...(JSON.parse(data) as { revision: string }) });
    },
  });
  const read = async (): Promise<void> => {
    for await (const bytes of response.body ?? []) parser.feed(new TextDecoder().decode(bytes));
  };
  read().catch(() => {
    // The test is over and the stream with it.
  });
  return events;
}
