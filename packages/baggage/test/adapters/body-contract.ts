import { baggageCounts, getActiveLane } from '@graylane/baggage';
import { baggageFetch } from '@graylane/baggage/fetch';
import { baggageRequest } from '@graylane/baggage/http';
import busboy from 'busboy';
import { formidable } from 'formidable';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { PassThrough, pipeline, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { inbox } from '../../../../test/support/inbox.ts';
import { listen, type Listener } from './http-listener.ts';

/** Serves a handler behind the adapter under test, which accepts `lane`. */
export type Serve = (handler: RequestListener) => Promise<{ origin: string; close(): Promise<void> }>;

/** Reads a body in some way, and calls `done` where the application would go on. */
type Read = (request: IncomingMessage, done: () => void) => void;

const boundary = 'a-boundary';
const upload = [
  `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n`,
  `Content-Type: text/plain\r\n\r\nthe file\r\n--${boundary}--\r\n`,
] as const;

const readers: Readonly<Record<string, Read>> = {
  "on('data')": (request, done) => void request.once('data', done).resume(),
  "on('end')": (request, done) => void request.on('end', done).resume(),
  "on('close')": (request, done) => void request.on('close', done).resume(),
  "on('readable')": (request, done) => {
    request.on('readable', () => {
      while (request.read() !== null);
      if (request.readableEnded || request.complete) done();
    });
  },
  "addListener('end')": (request, done) => void request.addListener('end', done).resume(),
  "prependOnceListener('end')": (request, done) => void request.prependOnceListener('end', done).resume(),
  pipe: (request, done) => {
    let isDone = false;
    const sink = new Writable({
      write: (_chunk, _encoding, next) => {
        if (!isDone) done();
        isDone = true;
        next();
      },
    });
    request.pipe(sink);
  },
  'stream.pipeline': (request, done) => {
    pipeline(request, new PassThrough().resume(), () => done());
  },
  'for await': (request, done) => {
    void (async () => {
      for await (const _chunk of request);
      done();
    })();
  },
  'busboy, the file': (request, done) => {
    const parser = busboy({ headers: request.headers });
    parser.on('file', (_name, file) => void file.on('end', done).resume());
    request.pipe(parser);
  },
  'busboy, the end': (request, done) => {
    const parser = busboy({ headers: request.headers });
    parser.on('file', (_name, file) => void file.resume());
    parser.on('close', done);
    request.pipe(parser);
  },
  "formidable's callback": (request, done) => {
    const sink = (): Writable => new Writable({ write: (_chunk, _encoding, next) => next() });
    formidable({ fileWriteStreamHandler: sink }).parse(request, () => done());
  },
};

/**
 * The contract of every HTTP adapter for the events of a request and its response: they run in its
 * lane.
 */
export function bodyContract(name: string, serve: Serve): void {
  const open: { close(): Promise<void> }[] = [];
  let orders: Listener;

  beforeAll(async () => {
    orders = await listen();
  });
  afterAll(() => orders.close());
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function start(handler: RequestListener): Promise<string> {
    const served = await serve(handler);
    open.push(served);
    return served.origin;
  }

  describe(`events of ${name}`, () => {
    test.each(Object.entries(readers))('an upload that is read by %s', async (_how, read) => {
      const fetch = baggageFetch({ egress: { to: { [orders.origin]: ['lane'] } } });
      const before = orders.received.all.length;
      const escaped = baggageCounts().escaped;
      const origin = await start((request, response) => {
        read(request, () => {
          const lane = getActiveLane();
          void fetch(orders.origin).then(() => response.end(lane));
        });
      });
      const lanes = ['gray', 'baseline', 'blue', 'baseline'];
      expect(await Promise.all(lanes.map((lane) => post(origin, lane)))).toEqual(lanes);
      const sent = orders.received.all.slice(before).map(({ baggage }) => baggage.join());
      expect(sent.toSorted()).toEqual(['', '', 'lane=blue', 'lane=gray']);
      expect(baggageCounts().escaped).toBe(escaped);
    });

    test('a proxy that streams the body on, and the response back', async () => {
      const forward = baggageRequest({ egress: { to: { [orders.origin]: ['lane'] } } });
      const before = orders.received.all.length;
      const heard = inbox<string>();
      const origin = await start((request, response) => {
        const outgoing = forward(`${orders.origin}/drip`, { method: 'POST' }, (answer) => {
          heard.put(getActiveLane());
          pipeline(answer, response, () => heard.put(getActiveLane()));
        });
        pipeline(request, outgoing, () => heard.put(getActiveLane()));
      });
      expect(await post(origin, 'gray')).toBe('drip drop');
      expect(await heard.take(3)).toEqual(['gray', 'gray', 'gray']);
      expect(orders.received.all.slice(before)).toMatchObject([
        { body: upload.join(''), baggage: ['lane=gray'] },
      ]);
    });

    test("'finish', 'close' and 'drain' of a response", async () => {
      const heard = inbox<string>();
      const origin = await start((request, response) => {
        for (const event of ['finish', 'close', 'drain']) {
          response.once(event, () => heard.put(`${event} ${getActiveLane()}`));
        }
        request.resume().on('end', () => {
          response.write('x'.repeat(4_000_000));
          response.once('drain', () => response.end());
        });
      });
      await post(origin, 'gray');
      expect((await heard.take(3)).toSorted()).toEqual(['close gray', 'drain gray', 'finish gray']);
      await post(origin, 'baseline');
      expect((await heard.take(6)).slice(3).toSorted()).toEqual([
        'close baseline',
        'drain baseline',
        'finish baseline',
      ]);
    });

    test('a caller that goes away in the middle of its body', async () => {
      const heard = inbox<string>();
      const origin = await start((request, response) => {
        request.on('error', () => heard.put(`error ${getActiveLane()}`)).resume();
        response.on('close', () => heard.put(`close ${getActiveLane()}`));
        heard.put(`came ${getActiveLane()}`);
      });
      const outgoing = httpRequest(origin, { method: 'POST', headers: { baggage: 'lane=gray' } });
      outgoing.on('error', () => {});
      outgoing.write('half');
      await heard.take(1);
      outgoing.destroy();
      expect((await heard.take(3)).toSorted()).toEqual(['came gray', 'close gray', 'error gray']);
    });

    test('each of several requests that a connection brings at once keeps its own', async () => {
      const origin = await start((request, response) => {
        request.on('end', () => void delay(1).then(() => response.end(`<${getActiveLane()}>`))).resume();
        response.on('finish', () => finished.put(getActiveLane()));
      });
      const finished = inbox<string>();
      const lanes = ['gray', 'baseline', 'blue', 'baseline', 'green'];
      const socket = connect(Number(new URL(origin).port), '127.0.0.1');
      for (const [index, lane] of lanes.entries()) {
        const last = index === lanes.length - 1 ? 'Connection: close\r\n' : '';
        socket.write(
          `POST / HTTP/1.1\r\nHost: a\r\n${baggageLine(lane)}${last}Content-Length: 4\r\n\r\nbody`,
        );
      }
      expect((await text(socket)).match(/<\w+>/g)).toEqual(lanes.map((lane) => `<${lane}>`));
      expect(await finished.take(5)).toEqual(lanes);
    });

    test('a listener can be taken off again, and one for once is called once', async () => {
      const origin = await start((request, response) => {
        const heard: string[] = [];
        const [one, other] = [(): void => void heard.push('one'), (): void => void heard.push('other')];
        request.on('end', one).once('end', other).off('end', one).removeListener('end', other);
        response.once('custom', () => heard.push(getActiveLane()));
        response.emit('custom');
        response.emit('custom');
        request.on('end', () => response.end(`${heard.join()} ${request.listenerCount('custom')}`)).resume();
      });
      expect(await post(origin, 'gray')).toBe('gray 0');
    });
  });
}

/** The response to an upload in a lane, whose body comes in two parts. */
async function post(origin: string, lane: string): Promise<string> {
  const outgoing = httpRequest(origin, {
    method: 'POST',
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      ...(lane === 'baseline' ? {} : { baggage: `lane=${lane}` }),
    },
  });
  const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  outgoing.write(upload[0]);
  await delay(5);
  outgoing.end(upload[1]);
  const [answer] = await responded;
  return text(answer);
}

function baggageLine(lane: string): string {
  return lane === 'baseline' ? '' : `Baggage: lane=${lane}\r\n`;
}
