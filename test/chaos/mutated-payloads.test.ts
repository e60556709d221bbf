import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { GraylaneProvider } from '@graylane/provider';
import { createParser } from 'eventsource-parser';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  ResolveAllRequestSchema,
  ResolveBooleanRequestSchema,
} from '../../apps/server/src/protocols/flagd/gen/flagd/evaluation/v1/evaluation_pb.ts';
import { SyncFlagsRequestSchema } from '../../apps/server/src/protocols/flagd/gen/flagd/sync/v1/sync_pb.ts';
import { mutate, randomFrom } from '../support/mutate.ts';
import { ServerProcess } from '../support/server-process.ts';

/** How many each input gets. `GRAYLANE_CHAOS_PAYLOADS=10000` for the long run. */
const payloads = Number(process.env['GRAYLANE_CHAOS_PAYLOADS'] ?? 2000);
const seed = Number(process.env['GRAYLANE_CHAOS_SEED'] ?? 1);
const fees = {
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: {
    if: [
      { '==': [{ var: 'lane' }, 'gray'] },
      'on',
      {
        fractional: [
          ['on', 1],
          ['off', 99],
        ],
      },
    ],
  },
};
const document = { metadata: { flagSetId: 'shop' }, flags: { fees } };

describe(`${payloads} mutated payloads (seed ${seed})`, () => {
  describe('on the server', () => {
    let server: ServerProcess;
    const random = randomFrom(seed);

    beforeEach(async () => {
      server = await ServerProcess.start(document);
    });
    afterEach(() => server.close());

    test('as requests over OFREP: each gets a response, none of them 500, and the rules are unchanged', async () => {
      const body = Buffer.from(
        JSON.stringify({ context: { targetingKey: 'adä', lane: 'gray', list: [1, { a: null }], n: 1.5e3 } }),
      );
      const statuses = new Map<number, number>();
      await inParallel(payloads, async (index) => {
        const path = index % 2 === 0 ? '/fees' : '';
        const answer = await fetch(`${server.url}/ofrep/v1/evaluate/flags${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: mutate(body, random),
        });
        await answer.text();
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      });
      expect([...statuses.keys()].filter((status) => ![200, 400, 413].includes(status))).toEqual([]);
      expect(statuses.get(400)).toBeGreaterThan(payloads / 10);
      await expectAsBefore(server);
    });

    test('as gRPC messages: each call ends with a status, and the rules are as they were', async () => {
      const context = { targetingKey: 'adä', lane: 'gray', list: [1, { a: null }] };
      const calls = [
        [
          'flagd.evaluation.v1.Service/ResolveBoolean',
          toBinary(
            ResolveBooleanRequestSchema,
            create(ResolveBooleanRequestSchema, { flagKey: 'fees', context }),
          ),
        ],
        [
          'flagd.evaluation.v2.Service/ResolveBoolean',
          toBinary(
            ResolveBooleanRequestSchema,
            create(ResolveBooleanRequestSchema, { flagKey: 'fees', context }),
          ),
        ],
        [
          'flagd.evaluation.v1.Service/ResolveAll',
          toBinary(ResolveAllRequestSchema, create(ResolveAllRequestSchema, { context })),
        ],
        [
          'flagd.sync.v1.FlagSyncService/FetchAllFlags',
          toBinary(
            SyncFlagsRequestSchema,
            create(SyncFlagsRequestSchema, { providerId: 'x', selector: 'flagSetId=shop' }),
          ),
        ],
      ] as const;
      const statuses = new Map<string, number>();
      const sessions: ClientHttp2Session[] = [];
      await inParallel(payloads, async (index) => {
        // HTTP/2 closes a connection that gives up many calls, which is what some of these come to.
        const turn = Math.floor(index / 200);
        const session = (sessions[turn] ??= connectHttp2(`http://127.0.0.1:${server.grpcPort}`));
        const [path, message] = calls[index % calls.length] ?? calls[0];
        // In half of them the frame is right about what it holds, so that the decoder has its turn.
        const frame =
          index % 8 < 4 ? mutate(envelope(message), random) : envelope(mutate(Buffer.from(message), random));
        const status = await call(session, path, frame);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      });
      for (const session of sessions) session.destroy();
      expect(statuses.has('')).toBe(false);
      expect(statuses.get('0')).toBeGreaterThan(0);
      expect(statuses.size).toBeGreaterThan(2);
      await expectAsBefore(server);
    });
  });

  test(
    'as events to the provider: the last good rules stay, and the next good ones are taken',
    async () => {
      const random = randomFrom(seed);
      const snapshot = event('snapshot', { revision: 'h.1', resync: false, document: rules('v1') });
      const delta = event('delta', { revision: 'h.2', ...rules('v2') });
      const wrong: string[] = [];
      let [asked, before, unreadable] = [0, 'v1', false];
      let last: Buffer = snapshot;
      const server = createServer((_request, response) => {
        void provider.resolveStringEvaluation('version', 'default', {}).then(({ value }) => {
          if (unreadable && value !== before) wrong.push(`${value} after ${last.toString()}`);
          before = value;
          asked += 1;
          last =
            asked === 1
              ? snapshot
              : asked <= payloads
                ? mutate(asked % 2 === 0 ? snapshot : delta, random)
                : event('snapshot', { revision: 'h.9', document: rules('end') });
          unreadable = asked > 1 && !isReadable(last);
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          if (asked > payloads) response.write(last);
          else response.end(last);
        });
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const provider = new GraylaneProvider({ source: { url: `http://127.0.0.1:${port}` } });
      // No pause between connections, or this would take an hour.
      vi.spyOn(Math, 'random').mockReturnValue(0);
      try {
        await provider.initialize();
        const value = async (): Promise<string> =>
          (await provider.resolveStringEvaluation('version', 'default', {})).value;
        await expect.poll(value, { timeout: 10_000 + payloads * 30, interval: 20 }).toBe('end');
        expect(wrong).toEqual([]);
        expect(asked).toBeGreaterThan(payloads);
      } finally {
        vi.restoreAllMocks();
        await provider.onClose();
        server.closeAllConnections();
        server.close();
      }
    },
    20_000 + payloads * 30,
  );
});

/** Whether an event about flags can be recognised at all. */
function isReadable(payload: Buffer): boolean {
  let readable = false;
  const parser = createParser({
    onEvent: ({ data }) => {
      try {
        readable ||= typeof (JSON.parse(data) as { revision?: unknown }).revision === 'string';
      } catch {
        // Not JSON, or null: nothing can be made out.
      }
    },
  });
  parser.feed(payload.toString());
  return readable;
}

function event(name: string, data: object): Buffer {
  return Buffer.from(`event: ${name}\nid: x\ndata: ${JSON.stringify(data)}\n\n`);
}

function rules(version: string): { flags: object } {
  return { flags: { version: { state: 'ENABLED', variants: { now: version }, defaultVariant: 'now' } } };
}

/** Does so much, a few at a time. */
async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await work(next);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
}

/** A gRPC frame around a message. */
function envelope(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The status of one call; empty without a status. */
async function call(session: ClientHttp2Session, path: string, body: Buffer): Promise<string> {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/${path}`,
    'content-type': 'application/grpc+proto',
    te: 'trailers',
  });
  const status = new Promise<string>((resolve) => {
    let told = '';
    const take = (headers: Record<string, unknown>): void => {
      told ||= String(headers['grpc-status'] ?? '');
    };
    stream.on('response', take).on('trailers', take);
    stream.on('error', () => {
      // The status, or its absence, shows the error.
    });
    // A server that responds before it has read everything leaves the stream open: destroy it.
    stream.on('end', () => stream.writableFinished || stream.destroy());
    stream.on('close', () => resolve(told));
  });
  stream.resume();
  stream.end(body);
  return status;
}

async function expectAsBefore(server: ServerProcess): Promise<void> {
  expect(server.running).toBe(true);
  const answer = await fetch(`${server.url}/ofrep/v1/evaluate/flags/fees`, {
    method: 'POST',
    body: '{"context":{"lane":"gray"}}',
  });
  expect(await answer.json()).toMatchObject({ value: true, variant: 'on' });
  // A call that names an unknown environment is logged, since some clients hide the error.
  const warnings = server.output.split('\n').filter((line) => line.includes('"level":"warn"'));
  expect(warnings.filter((line) => !line.includes('there is no environment'))).toEqual([]);
}
