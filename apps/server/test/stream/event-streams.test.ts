import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anonymous } from '../../src/tokens/principal.ts';
import type { EventLog } from '../../src/sse/subscriber.ts';
import { EventStreams, type EventStreamsOptions } from '../../src/sse/event-streams.ts';
import { frame, type Frame } from '../../src/sse/frame.ts';

/** More bytes than the system buffers for a connection that is not read. */
const large = 'x'.repeat(12_000_000);

let server: Server;
let log: Numbers;
let sockets: Socket[];
/** The server's ends of the streams, as they were opened. */
let served: ServerResponse[];

beforeEach(() => {
  log = new Numbers();
  [sockets, served] = [[], []];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('a client that stops reading', () => {
  test('does not delay other clients, is sent nothing more, and gets the missed events when it reads again', async () => {
    const streams = await serve();
    const slow = await follow({ reads: false });
    const live = await follow({ reads: true });
    const first = log.add(large);
    streams.send(log, first);
    for (let count = 2; count <= 500; count += 1) streams.send(log, log.add(''));
    await expect.poll(() => idsOf(live)).toEqual(log.ids);
    const waiting = served[0]?.writableLength ?? 0;
    expect(waiting).toBeGreaterThan(0);
    expect(waiting).toBeLessThanOrEqual(first.chunk.length);
    slow.socket.resume();
    await expect.poll(() => idsOf(slow)).toEqual(log.ids);
    streams.send(log, log.add(''));
    await expect.poll(() => idsOf(slow)).toEqual(log.ids);
    streams.close();
  });

  test('is cut off when it has taken nothing for long', async () => {
    const streams = await serve({ stalledMs: 100 });
    const slow = await follow({ reads: false });
    streams.send(log, log.add(large));
    await expect.poll(() => served[0]?.closed).toBe(true);
    slow.socket.resume();
    await once(slow.socket, 'close');
    expect(slow.received().length).toBeLessThan(large.length);
    streams.close();
  });

  test('is cut off when too much is held for those who have stalled before it, the oldest first', async () => {
    const streams = await serve();
    const clients = [];
    for (let count = 0; count < 4; count += 1) {
      clients.push(await follow({ reads: false }));
      streams.send(log, log.add(large));
    }
    // Each of the other clients got the bytes that the first one did not read in an event of its
    // own: only the newest may be held.
    await expect.poll(() => served.map(({ closed }) => closed)).toEqual([true, true, true, false]);
    // Not before: a client that reads again is sent what it has missed, and may hold more.
    for (const { socket } of clients) socket.resume();
    await Promise.all(clients.slice(0, -1).map(async ({ socket }) => socket.closed || once(socket, 'close')));
    const last = clients.at(-1);
    await expect.poll(() => last?.received().endsWith(`id: 4\ndata: "${large}"\n\n\r\n`)).toBe(true);
    expect(last?.socket.closed).toBe(false);
    streams.close();
  });
});

async function serve(options?: EventStreamsOptions): Promise<EventStreams> {
  const streams = new EventStreams({ admits: () => true, onChange: () => {} }, options);
  server = createServer((_request, response) => {
    served.push(response);
    streams.open(response, log, {
      seen: undefined,
      first: [],
      heartbeatS: 60,
      waits: 'up to',
      protocol: 'changes',
      principal: anonymous,
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return streams;
}

interface Follower {
  readonly socket: Socket;
  received(): string;
}

/** Requests the stream, and waits until it is open. */
async function follow({ reads }: { readonly reads: boolean }): Promise<Follower> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  const parts: Buffer[] = [];
  socket.on('error', () => {
    // A connection that was cut off closes after this.
  });
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  socket.on('data', (part: Buffer) => parts.push(part));
  await once(socket, 'data');
  if (!reads) socket.pause();
  return { socket, received: () => Buffer.concat(parts).toString() };
}

function idsOf(follower: Follower): string[] {
  return [...follower.received().matchAll(/^id: (\d+)$/gm)].map(([, id = '']) => id);
}

/** Events with the numbers from 1. */
class Numbers implements EventLog {
  readonly #frames: Frame[] = [];

  get ids(): (string | undefined)[] {
    return this.#frames.map(({ id }) => id);
  }

  add(text: string): Frame {
    const added = frame('number', String(this.#frames.length + 1), text);
    this.#frames.push(added);
    return added;
  }

  after(id: string | undefined): readonly Frame[] {
    return this.#frames.slice(Number(id ?? 0));
  }
}
