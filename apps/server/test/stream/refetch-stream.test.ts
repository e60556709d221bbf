import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { followStream, type Followed, type Received } from '../support/follow.ts';
import { fees, serve, type Served } from '../support/serve.ts';

let served: Served;
const open: Followed[] = [];

beforeEach(async () => {
  served = await serve({ flags: { fees } });
});
afterEach(async () => {
  for (const stream of open.splice(0)) stream.close();
  await served.close();
});

describe("OFREP's event stream", () => {
  test('sends a new client the current revision at once, then each change', async () => {
    const stream = await follow();
    const [hint] = await stream.take(1);
    const [first] = await stream.events.take(1);
    expect(hint?.retry).toBeLessThanOrEqual(500);
    expect(first).toEqual({
      event: 'message',
      id: await revision(),
      data: {
        type: 'refetchEvaluation',
        etag: first?.id,
        lastModified: expect.closeTo(Date.now() / 1000, -2),
      },
    });
    served.edit(JSON.stringify({ flags: { fees: { ...fees, defaultVariant: 'on' } } }));
    const [, second] = await stream.events.take(2);
    expect(second?.id).toBe(await revision());
    expect(second?.id).not.toBe(first?.id);
  });

  test('sends a client that reconnects no event if it missed nothing, and one event if it missed many changes', async () => {
    const [seen] = await (await follow()).events.take(1);
    const uptodate = await follow(seen?.id);
    await change('on');
    // The first event is the change: there was none before.
    expect((await uptodate.events.take(1))[0]?.id).toBe(await revision());
    await change('off');
    const late = await follow(seen?.id);
    await change('on');
    const events = await late.events.take(2);
    expect(events.map(({ id }) => id)).toHaveLength(2);
    expect(new Set(events.map(({ id }) => id)).size).toBe(2);
    expect(events.at(-1)?.id).toBe(await revision());
  });

  test('makes a client with an unknown revision evaluate again', async () => {
    const [event] = await (await follow('elsewhere.7')).events.take(1);
    expect(event?.id).toBe(await revision());
  });

  test('is refused for an environment that is not there', async () => {
    const answer = await fetch(`${served.url}/ofrep/v1/events?environment=moon`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('use one of "default"') });
  });
});

test('a server that stops sends each client a time to reconnect, and ends its stream properly', async () => {
  for (const path of ['/ofrep/v1/events', '/api/v1/environments/default/stream']) {
    open.push(...(await Promise.all(Array.from({ length: 20 }, () => followStream(`${served.url}${path}`)))));
  }
  await Promise.all(open.map((stream) => stream.events.take(1)));
  await served.close();
  await Promise.all(open.map(({ ended }) => ended));
  const hints = open.map(({ all }) => (all.at(-1) as Received).retry);
  // An EventSource waits exactly so long, each one another time; graylane's provider waits up to so
  // long, at random.
  expect(new Set(hints.slice(0, 20)).size).toBeGreaterThan(10);
  for (const hint of hints.slice(0, 20)) {
    expect(hint).toBeGreaterThanOrEqual(125);
    expect(hint).toBeLessThanOrEqual(500);
  }
  expect(new Set(hints.slice(20))).toEqual(new Set([500]));
});

async function follow(seen?: string): Promise<Followed> {
  const headers = seen === undefined ? undefined : { 'last-event-id': seen };
  const stream = await followStream(`${served.url}/ofrep/v1/events`, headers);
  open.push(stream);
  return stream;
}

async function change(defaultVariant: string): Promise<void> {
  const before = await revision();
  served.edit(JSON.stringify({ flags: { fees: { ...fees, defaultVariant } } }));
  await expect.poll(revision).not.toBe(before);
}

async function revision(): Promise<string> {
  return ((await (await fetch(`${served.url}/healthz`)).json()) as { revision: string }).revision;
}
