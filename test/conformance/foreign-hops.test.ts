import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { admit, emit, getActiveCell, getCell, runInLane, type VerifyPolicy } from '@graylane/baggage';
import { Metadata } from '@grpc/grpc-js';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectEcho, serveEcho } from '../../packages/baggage/test/adapters/grpc-echo.ts';
import { describeWith } from '../components/components.ts';
import {
  goHop,
  javaHops,
  pythonHop,
  runMarks,
  startHop,
  type Hop,
  type RunningHop,
} from '../components/hops.ts';
import { kafka, startKafka, type Broker } from '../components/kafka.ts';

const secret = randomBytes(32);
const key = { id: '2026-11', secret };
const keys = ['lane', 'user-id'];
const verify: VerifyPolicy = { mode: 'verify', signingKeys: [key], audience: 'shop.eu', keys };
const accept = { mode: 'accept', keys } as const;
const sign = { key, audience: 'shop.eu' };
const egress = { to: { anywhere: keys } };
/** Ids that people use, and characters that propagators treat differently. */
const ids = [
  'ada',
  'ada+shop@example.org',
  'a=b&c;d,e',
  '100%',
  '%2B',
  '灰度-🎨',
  '"q"\\',
  '~a.b_c-d',
  '!#$*^`|',
  'a/b?c:d',
];

/** The baggage that our edge sends, for one request of each kind. */
const kinds: Record<string, (id: string) => string> = {
  signed: (id) => sent('gray', id, { sign }),
  'signed baseline': (id) => sent('baseline', id, { sign }),
  unsigned: (id) => sent('gray', id),
  expiring: (id) => sent('gray', id, { ttlSeconds: 600 }),
  pinned: (id) => sent('gray', id, { sign }, true),
};

function sent(lane: string, id: string, options: object = {}, isPinned = false): string {
  const send = (): string => {
    if (isPinned) getActiveCell()?.pin('checkout/v2', { variant: 'neu+alt', revision: '37471884223a.4' });
    return emit(context.active(), egress, 'anywhere') ?? '';
  };
  return runInLane(lane, send, { ...options, members: { 'user-id': id } });
}

/** That the request is behind a hop what it was before it. */
function expectWhole(kind: string, id: string, before: string, after: string): void {
  const isSigned = !/^(?:unsigned|expiring)$/.test(kind);
  const cell = getCell(admit([after], isSigned ? verify : accept, ROOT_CONTEXT));
  const lane = kind.includes('baseline') ? 'baseline' : 'gray';
  expect([kind, id, cell?.lane]).toEqual([kind, id, lane]);
  expect(cell?.baggage.getEntry('user-id')?.value).toBe(id);
  expect(cell?.pins.get('checkout/v2')?.variant).toBe(kind === 'pinned' ? 'neu+alt' : undefined);
  for (const member of before.split(',').filter((one) => !one.startsWith('user-id='))) {
    expect(after.split(',')).toContain(member);
  }
  // The next hop counts.
  const next = emit(admit([after], isSigned ? verify : accept, ROOT_CONTEXT), egress, 'anywhere');
  expect(next?.includes('lane-seal=1.1.')).toBe(kind !== 'unsigned');
}

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

await describeWith(goHop, 'a gRPC call through a service in Go', () => {
  test.each(Object.keys(kinds))('is what it was: %s', async (kind) => {
    const inner = await serveEcho([]);
    const relay = await startHop(goHop);
    const outer = connectEcho(`127.0.0.1:${relay.addresses[1]}`);
    for (const [index, id] of ids.entries()) {
      const metadata = new Metadata();
      const before = kinds[kind]?.(id) ?? '';
      metadata.set('baggage', before);
      metadata.set('x-relay-to', `127.0.0.1:${inner.port}`);
      await outer.unary(metadata);
      const received = (await inner.received.take(index + 1)).at(-1) ?? [];
      expectWhole(kind, id, before, received[0] ?? '');
    }
    outer.close();
    inner.close();
    await relay.close();
  });
});

const pythonOverKafka = {
  ...pythonHop,
  available: async () => (await pythonHop.available()) && (await kafka.available()),
};
await describeWith(pythonOverKafka, 'a message through a consumer and a producer in Python', () => {
  let broker: Broker;
  let relay: RunningHop;

  beforeAll(async () => {
    broker = await startKafka();
  }, 90_000);

  afterAll(async () => {
    await relay.close();
    await broker.close();
  });

  test('is what it was, of every kind', async () => {
    const client = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING });
    const admin = client.admin();
    await admin.connect();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic: 'before' }, { topic: 'after' }] });
    relay = await startHop(pythonHop, broker.brokers, 'before', 'after');
    const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const consumer = client.consumer({ groupId: 'inner', maxWaitTimeInMs: 50 });
    await Promise.all([producer.connect(), consumer.connect()]);
    await consumer.subscribe({ topic: 'after', fromBeginning: true });
    const requests = Object.entries(kinds).flatMap(([kind, make]) =>
      ids.map((id) => ({ kind, id, before: make(id) })),
    );
    const arrived = new Map<string, string>();
    const all = new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          arrived.set(String(message.value), String(message.headers?.['baggage'] ?? ''));
          if (arrived.size === requests.length) resolve();
        },
      });
    });
    await producer.send({
      topic: 'before',
      messages: requests.map(({ before }, index) => ({ value: String(index), headers: { baggage: before } })),
    });
    await all;
    for (const [index, { kind, id, before }] of requests.entries()) {
      expectWhole(kind, id, before, arrived.get(String(index)) ?? '');
    }
    await Promise.all([producer.disconnect(), consumer.disconnect(), admin.disconnect()]);
  }, 90_000);
});

describe('a service in .NET, simulated by what its issue tracker says', () => {
  test.each<[string, (member: string) => string]>([
    ['appends properties to the value', (member) => member.replaceAll(';', '%3B')],
    ['drops properties', (member) => member.split(';')[0] ?? ''],
    ['writes members in another order', (member) => member],
  ])('that %s changes no request of ours, which has none', (_what, rewrite) => {
    for (const [kind, make] of Object.entries(kinds)) {
      const before = make('ada');
      expect(before).not.toContain(';');
      const after = before.split(',').map(rewrite).toReversed().join(', ');
      expectWhole(kind, 'ada', before, after.replaceAll(', ', ','));
      expect(getCell(admit([after], accept, ROOT_CONTEXT))?.baggage.getEntry('user-id')?.value).toBe('ada');
    }
  });
});

for (const hop of [pythonHop, goHop, ...javaHops.slice(-1)]) {
  await describeWith(
    hop,
    `marks that a program writes and reads from the specification alone: ${hop.name}`,
    () => {
      const subjects = ['gray', 'baseline', 'x'.repeat(63), 'gray-control'].flatMap((lane, index) =>
        ['', 'checkout.on.7', 'a~2eb..r'].map((pins) => ({
          keyId: ['k', '2026/11 ü'][index % 2] ?? '',
          audience: ['shop', 'shop.eu ~'][index % 2] ?? '',
          laneKey: ['lane', 'x!mesh'][index % 2] ?? '',
          lane,
          pins,
        })),
      );
      const expiry = Math.floor(Date.now() / 1000) + 300;
      const fields = ({ keyId, audience, laneKey, lane, pins }: (typeof subjects)[number]): string[] => [
        keyId,
        secret.toString('hex'),
        audience,
        String(expiry),
        laneKey,
        lane,
        pins,
      ];

      test('are verified here', () => {
        const seals = runMarks(
          hop,
          subjects.filter(({ pins }) => pins === '').map((subject) => ['sign', ...fields(subject)]),
        );
        for (const [index, subject] of subjects.filter(({ pins }) => pins === '').entries()) {
          const { keyId, audience, laneKey, lane } = subject;
          const policy: VerifyPolicy = {
            mode: 'verify',
            signingKeys: [{ id: keyId, secret }],
            audience,
            laneKey,
          };
          const header = `${laneKey}-seal=${seals[index]},${laneKey}=${lane}`;
          expect(getCell(admit([header], policy, ROOT_CONTEXT))?.lane).toBe(lane);
          expect(emit(admit([header], policy, ROOT_CONTEXT), { to: { a: [laneKey] } }, 'a')).toContain(
            '=1.1.',
          );
        }
      });

      test('are verified there, and forged ones refused', () => {
        const lines = subjects.map((subject) => ({ subject, seal: sealOf(subject) }));
        const now = String(expiry);
        const verdicts = runMarks(hop, [
          ...lines.map(({ subject, seal }) => ['verify', ...fields(subject), seal, now]),
          ...lines.map(({ subject, seal }) => ['verify', ...fields(subject), seal, String(expiry + 1000)]),
          ...lines.map(({ subject, seal }) => ['verify', ...fields({ ...subject, lane: 'blue' }), seal, now]),
        ]);
        const expected = ['valid', 'expired', 'forged'].flatMap((verdict) => lines.map(() => verdict));
        expect(verdicts).toEqual(expected);
      });

      function sealOf({ keyId, audience, laneKey, lane, pins }: (typeof subjects)[number]): string {
        const send = (): string => {
          const [flag, variant = '', revision = ''] = pins.split('.');
          if (flag) getActiveCell()?.pin(flag.replace('~2e', '.'), { variant, revision });
          return emit(context.active(), { to: { a: [laneKey] } }, 'a') ?? '';
        };
        const options = { laneKey, ttlSeconds: 300, sign: { key: { id: keyId, secret }, audience } };
        const member = pins === '' ? `${laneKey}-seal=` : 'pins-seal=';
        const seal = runInLane(lane, send, options)
          .split(',')
          .find((one) => one.startsWith(member))
          ?.slice(member.length);
        return seal ?? '';
      }
    },
  );
}
