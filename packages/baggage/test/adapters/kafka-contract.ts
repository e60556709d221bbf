import { baggageCounts, getActiveLane, type IngressPolicy } from '@graylane/baggage';
import {
  baggageHeaders,
  forEachMessage,
  runInMessage,
  withBaggageConsumer,
  withBaggageProducer,
  type KafkaBatch,
} from '@graylane/baggage/kafka';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startKafka, type Broker } from '../../../../test/components/services/kafka.ts';
import { hostileHeaders } from '../../../../test/support/hostile.ts';
import { inbox, type Inbox } from '../../../../test/support/inbox.ts';
import { inRequest } from './in-request.ts';
import { forgedLanes, signedLane, verify } from './signed-lanes.ts';
import type { KafkaPeer, PeerConsumer, PeerMessage, PeerProducer } from './kafka-peer.ts';

const keys = ['lane', 'user-id'];
const ingress = { mode: 'accept', keys } as const;
const strip = { mode: 'strip' } as const;
const inside = Array.from({ length: 30 }, () => `inside-${randomUUID()}`);
const egress = { to: Object.fromEntries(inside.map((topic) => [`kafka:${topic}`, keys])) };

/**
 * The contract of our wrappers around any client with kafkajs' interface, against a real broker.
 */
export function kafkaContract(connect: (brokers: string) => Promise<KafkaPeer>): void {
  let broker: Broker;
  let peer: KafkaPeer;
  let plain: PeerProducer;
  let producer: PeerProducer;
  const consumers: PeerConsumer[] = [];

  beforeAll(async () => {
    broker = await startKafka();
    peer = await connect(broker.brokers);
    plain = await peer.producer();
    producer = withBaggageProducer(plain, { egress });
  });
  afterAll(async () => {
    await Promise.all(consumers.map((consumer) => consumer.disconnect()));
    await peer?.close();
    await broker?.close();
  });

  describe('a message', () => {
    test('is handled in the lane of the request that sent it', async () => {
      const topic = await newTopic();
      const seen = await lanesOf(topic);
      await inRequest('lane=gray,user-id=ada', () => send(topic, 'dyed'));
      await send(topic, 'undyed');
      expect(await seen.take(2)).toEqual(['dyed gray', 'undyed baseline']);
    });

    test('is not changed, and carries nothing of an earlier request when it is sent again', async () => {
      const topic = await newTopic();
      const headers = Object.freeze({ baggage: 'lane=stale', id: Buffer.from('7') });
      const message = Object.freeze({ value: 'again', headers });
      const messages: PeerMessage[] = [message, message];
      Object.freeze(messages);
      const raw = await headersOf(topic);
      await inRequest('lane=gray', () => producer.send({ topic, messages }));
      await producer.send({ topic, messages });
      expect((await raw.take(4)).map(({ baggage }) => baggage)).toEqual([
        'lane=gray',
        'lane=gray',
        undefined,
        undefined,
      ]);
      expect(message).toEqual({ value: 'again', headers: { baggage: 'lane=stale', id: Buffer.from('7') } });
    });

    test('keeps its value, tombstones included, and its other headers, however they are written', async () => {
      const topic = await newTopic();
      const raw = await messagesOf(topic);
      const headers = { text: 'a', bytes: Buffer.from('b'), list: ['c', Buffer.from('d')] };
      await inRequest('lane=gray', () =>
        producer.send({ topic, messages: [{ key: 'k', value: null, headers }] }),
      );
      const [message] = await raw.take(1);
      expect(message?.value ?? null).toBeNull();
      expect(String(message?.key)).toBe('k');
      expect(textsOf(message?.headers)).toEqual({ text: 'a', bytes: 'b', list: 'c,d', baggage: 'lane=gray' });
    });

    test('needs no headers, and does not share its own', async () => {
      const topic = await newTopic();
      const raw = await headersOf(topic);
      const shared = Object.freeze({ id: '7' });
      const none = null as unknown as Record<string, string>;
      await inRequest('lane=gray', () =>
        producer.send({
          topic,
          messages: [{ value: '1' }, { value: '2', headers: none }, { value: '3', headers: shared }],
        }),
      );
      await producer.send({ topic, messages: [{ value: '4', headers: shared }] });
      const gray = { baggage: 'lane=gray' };
      expect(await raw.take(4)).toEqual([gray, gray, gray, {}]);
    });

    test('carries nothing to a topic that the policy does not name', async () => {
      const outside = await partnersTopic();
      const raw = await headersOf(outside);
      const headers = { baggage: 'lane=gray,user-id=ada' };
      await inRequest('lane=gray,user-id=ada', async () => {
        await producer.send({ topic: outside, messages: [{ value: '1' }, { value: '2', headers }] });
        await producer.sendBatch({
          topicMessages: [{ topic: outside, messages: [{ value: '3', headers }] }],
        });
      });
      for (const received of await raw.take(3)) expect(received).toEqual({});
    });
  });

  test('a batch for several topics sends each the members that it may see', async () => {
    const [ours, outside] = [await newTopic(), await partnersTopic()];
    const [rawOurs, rawOutside] = [await headersOf(ours), await headersOf(outside)];
    await inRequest('lane=gray,secret=1', () =>
      producer.sendBatch({
        topicMessages: [ours, outside].map((topic) => ({ topic, messages: [{ value: 'v' }] })),
      }),
    );
    expect(await rawOurs.take(1)).toEqual([{ baggage: 'lane=gray' }]);
    expect(await rawOutside.take(1)).toEqual([{}]);
  });

  test('a transaction carries it too', async () => {
    const topic = await newTopic();
    const raw = await headersOf(topic);
    const transactional = withBaggageProducer(await peer.producer(`transaction-${randomUUID()}`), { egress });
    await inRequest('lane=gray', async () => {
      const transaction = await transactional.transaction();
      await transaction.send({ topic, messages: [{ value: '1' }] });
      await transaction.sendBatch({ topicMessages: [{ topic, messages: [{ value: '2' }] }] });
      await transaction.commit();
    });
    expect(await raw.take(2)).toEqual([{ baggage: 'lane=gray' }, { baggage: 'lane=gray' }]);
  });

  describe('an adapter inside of another', () => {
    test('leaves messages as the outer one sends them: one by one, in a batch, in a transaction', async () => {
      const [ours, partners] = [await newTopic(), await partnersTopic()];
      const [rawOurs, rawPartners] = [await headersOf(ours), await headersOf(partners)];
      const deaf = { to: { [`kafka:${partners}`]: keys } };
      const twice = (one: PeerProducer): PeerProducer =>
        withBaggageProducer(withBaggageProducer(one, { egress: deaf }), { egress });
      const sendAll = async (sender: PeerProducer | Awaited<ReturnType<PeerProducer['transaction']>>) => {
        const headers = { baggage: 'lane=stale' };
        const topicMessages = [ours, partners].map((topic) => ({
          topic,
          messages: [{ value: '1', headers }, { value: '2' }],
        }));
        for (const record of topicMessages) await sender.send(record);
        await sender.sendBatch({ topicMessages });
      };
      const transactional = twice(await peer.producer(`transaction-${randomUUID()}`));
      await inRequest('lane=gray,secret=1', async () => {
        await sendAll(twice(plain));
        const transaction = await transactional.transaction();
        await sendAll(transaction);
        await transaction.commit();
      });
      expect((await rawOurs.take(8)).map(({ baggage }) => baggage)).toEqual(Array(8).fill('lane=gray'));
      for (const received of await rawPartners.take(8)) expect(received).toEqual({});
    });

    test('that makes headers for a client of another shape leaves them as they are', async () => {
      const topic = await newTopic();
      const raw = await headersOf(topic);
      const adapted: PeerProducer = {
        ...plain,
        sendBatch: (batch) => plain.sendBatch(batch),
        send: async ({ messages }) =>
          plain.send({
            topic,
            messages: messages.map((message) => ({
              ...message,
              headers: baggageHeaders(topic, { egress: { to: {} } }, message.headers ?? {}),
            })),
          }),
      };
      await inRequest('lane=gray', () =>
        withBaggageProducer(adapted, { egress }).send({ topic, messages: [{ value: 'v' }] }),
      );
      expect(await raw.take(1)).toEqual([{ baggage: 'lane=gray' }]);
    });

    test('around a consumer changes nothing: the first policy has decided, over messages and batches', async () => {
      const topic = await newTopic();
      await plain.send({ topic, messages: [{ value: 'v', headers: { baggage: 'lane=gray' } }] });
      const seen = inbox<string>();
      for (const [inner, outer] of [
        [ingress, strip],
        [strip, ingress],
      ] as const) {
        const say = (): void => seen.put(`${inner.mode} ${getActiveLane()}`);
        for (const handlers of [
          { eachMessage: async () => say() },
          { eachBatch: async ({ batch }: { batch: KafkaBatch }) => forEachMessage(batch, say) },
        ]) {
          const once = await peer.consumer(`group-${randomUUID()}`, topic);
          const twice = withBaggageConsumer(withBaggageConsumer(once, { ingress: inner }), {
            ingress: outer,
          });
          consumers.push(twice);
          await twice.run(handlers);
        }
      }
      expect((await seen.take(4)).toSorted()).toEqual([
        'accept gray',
        'accept gray',
        'strip baseline',
        'strip baseline',
      ]);
    });
  });

  describe('a row of an outbox', () => {
    test('is sent later in the lane of the request that wrote it, by any relay', async () => {
      const topic = await newTopic();
      const raw = await headersOf(topic);
      const written = (value: string): string =>
        JSON.stringify({ value, headers: baggageHeaders(topic, { egress }, { id: '7' }) });
      const rows = [inRequest('lane=gray,secret=1', () => written('dyed')), written('undyed')];
      await inRequest('lane=blue', async () => {
        for (const row of rows) {
          const message = JSON.parse(row) as PeerMessage;
          await runInMessage(message, { ingress }, () => producer.send({ topic, messages: [message] }));
        }
      });
      expect(await raw.take(2)).toEqual([{ baggage: 'lane=gray' }, {}]);
    });

    test('loses its dye to a relay that does not run in it, and never gains that of the relay', async () => {
      const topic = await newTopic();
      const raw = await headersOf(topic);
      const headers = inRequest('lane=gray', () => baggageHeaders(topic, { egress }));
      await producer.send({ topic, messages: [{ value: 'row', headers }] });
      await plain.send({ topic, messages: [{ value: 'row', headers }] });
      expect(await raw.take(2)).toEqual([{}, { baggage: 'lane=gray' }]);
    });
  });

  test('a message keeps its lane through a retry topic to a dead-letter topic, as far as the policy names them', async () => {
    const [topic, retries, dead] = [await newTopic(), await newTopic(), await newTopic()];
    const outside = await partnersTopic();
    const [rawDead, rawOutside] = [await headersOf(dead), await headersOf(outside)];
    const seen = inbox<string>();
    const failing = (next: string[]) => ({
      eachMessage: async ({ message }: { message: PeerMessage }) => {
        seen.put(`${next.length} ${sighting(message)}`);
        const { headers = {} } = message;
        // As retries do: the message as it came in, its headers included.
        for (const to of next)
          await producer.send({ topic: to, messages: [{ value: message.value, headers }] });
      },
    });
    await consume(topic, failing([retries]));
    await consume(retries, failing([dead, outside]));
    await inRequest('lane=gray,user-id=ada', () => send(topic, 'dyed'));
    await send(topic, 'undyed');
    expect((await seen.take(4)).toSorted()).toEqual([
      '1 dyed gray',
      '1 undyed baseline',
      '2 dyed gray',
      '2 undyed baseline',
    ]);
    expect(await rawDead.take(2)).toEqual([{ baggage: 'lane=gray,user-id=ada' }, {}]);
    expect(await rawOutside.take(2)).toEqual([{}, {}]);
  });

  test('a message that is sent round in a lane comes to an end', async () => {
    const topic = await newTopic();
    const raw = await headersOf(topic);
    const eachMessage = async (): Promise<void> => {
      if (getActiveLane() === 'gray') await send(topic, 'round');
    };
    await consume(topic, { eachMessage }, { policy: { ...ingress, maxHops: 3 } });
    await plain.send({ topic, messages: [{ value: 'first', headers: { baggage: 'lane=gray' } }] });
    await plain.send({ topic, messages: [{ value: 'other' }] });
    const arrived = (await raw.take(5)).map(({ baggage = 'none' }) => baggage);
    expect(arrived.filter((baggage) => baggage !== 'none')).toEqual([
      'lane=gray',
      'lane=gray,lane-seal=1.1.',
      'lane=gray,lane-seal=1.2.',
      'lane=gray,lane-seal=1.3.',
    ]);
  });

  describe('a batch of messages', () => {
    test('is handled in no lane, and each of its messages in its own', async () => {
      const topic = await newTopic();
      const seen = inbox<string>();
      await fill(topic, 30);
      await consume(topic, {
        eachBatch: async ({ batch }) => {
          seen.put(`batch ${getActiveLane()}`);
          await forEachMessage(batch, async ({ value }) => {
            await Promise.resolve();
            seen.put(sighting({ value }));
          });
          seen.put(`batch ${getActiveLane()}`);
        },
      });
      const lines = await seen.until((line) => line.startsWith('29 '));
      expect(lines.filter((line) => !line.startsWith('batch'))).toEqual(expected(30));
      for (const line of lines.filter((one) => one.startsWith('batch'))) expect(line).toBe('batch baseline');
    });

    test('that is handled as a whole, in baseline, is logged once and counted', async () => {
      const topic = await newTopic();
      const before = baggageCounts().unadmitted ?? 0;
      const lines = inbox<string>();
      const policy = { ...ingress, logger: { warn: (line: string) => lines.put(line) } };
      const seen = inbox<string>();
      await fill(topic, 2);
      const consumer = await consume(
        topic,
        { eachBatch: async ({ batch }) => batch.messages.forEach((message) => seen.put(sighting(message))) },
        { policy },
      );
      expect(await seen.take(2)).toEqual(['0 baseline', '1 baseline']);
      expect(await lines.take(1)).toEqual([
        expect.stringMatching(/eachBatch handled them in baseline: pass each to forEachMessage/),
      ]);
      await fill(topic, 2, 2);
      await seen.take(4);
      await consumer.disconnect();
      expect(lines.all.length).toBe(1);
      expect((baggageCounts().unadmitted ?? 0) - before).toBe(2);
    });

    test('whose messages are run one by one, in any order, is not', async () => {
      const topic = await newTopic();
      const before = baggageCounts().unadmitted ?? 0;
      const seen = inbox<string>();
      await fill(topic, 4);
      const consumer = await consume(topic, {
        eachBatch: async ({ batch }) => {
          await Promise.resolve();
          await Promise.all(
            batch.messages.map((message) =>
              runInMessage(message, { ingress }, async () => seen.put(sighting(message))),
            ),
          );
        },
      });
      expect(await seen.take(4)).toEqual(expected(4));
      await consumer.disconnect();
      expect(baggageCounts().unadmitted ?? 0).toBe(before);
    });

    test('is handled again from the message that failed, in the same lane', async () => {
      const topic = await newTopic();
      const seen = inbox<string>();
      await fill(topic, 4);
      let failures = 1;
      await consume(topic, {
        eachBatch: async ({ batch, resolveOffset }) => {
          await forEachMessage(batch, async ({ value, offset }) => {
            seen.put(sighting({ value }));
            if (String(value) === '2' && failures-- > 0) throw new Error('the database is away');
            resolveOffset(offset);
          });
        },
      });
      const lines = await seen.until((line) => line.startsWith('3 '));
      expect(lines).toEqual(['0 gray', '1 baseline', '2 gray', '2 gray', '3 baseline']);
    });
  });

  test('a group that changes its members keeps every message in its lane', async () => {
    const topic = await newTopic(4);
    const groupId = `group-${randomUUID()}`;
    const seen = inbox<string>();
    const eachMessage = async ({ message }: { message: PeerMessage }): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      seen.put(sighting(message));
    };
    const first = await consume(topic, { eachMessage }, { groupId });
    await fill(topic, 200);
    await seen.until((line) => line.startsWith('50 '));
    await consume(topic, { eachMessage }, { groupId });
    await fill(topic, 200, 200);
    await seen.until((line) => line.startsWith('250 '));
    await first.disconnect();
    await fill(topic, 200, 400);
    const everything = expected(600);
    await seen.until(() => new Set(seen.all).size >= everything.length);
    expect(new Set(seen.all)).toEqual(new Set(everything));
  });

  test('a consumer started inside a request hands none of its baggage to messages', async () => {
    const topic = await newTopic();
    const seen = inbox<string>();
    await inRequest('lane=gray', () =>
      consume(topic, {
        eachMessage: async ({ message }) => seen.put(sighting(message)),
      }),
    );
    await send(topic, 'undyed');
    expect(await seen.take(1)).toEqual(['undyed baseline']);
  });

  test('hostile headers stop no consumer, one by one or in batches, and break nothing that is sent on', async () => {
    const [topic, next] = [await newTopic(), await newTopic()];
    for (const headers of hostileHeaders)
      await plain.send({ topic, messages: [{ value: 'hostile', headers }] });
    await inRequest('lane=gray', () => send(topic, 'last'));
    const [one, batched] = [inbox<string>(), inbox<string>()];
    const forwarded = await headersOf(next);
    await consume(topic, {
      eachMessage: async ({ message }) => {
        await send(next, String(message.value));
        one.put(sighting(message));
      },
    });
    await consume(topic, {
      eachBatch: async ({ batch }) => forEachMessage(batch, ({ value }) => batched.put(sighting({ value }))),
    });
    for (const seen of [one, batched]) {
      const lines = await seen.take(hostileHeaders.length + 1);
      expect(lines.at(-1)).toBe('last gray');
      expect(lines.filter((line) => line === 'hostile baseline')).toHaveLength(hostileHeaders.length);
    }
    for (const { baggage } of await forwarded.take(hostileHeaders.length + 1)) {
      expect(baggage ?? '').toMatch(/^(lane=gray)?$/);
    }
  });

  test('none of 10,000 forged lanes is taken for gray, and the one that the edge has signed is', async () => {
    const topic = await newTopic();
    const before = baggageCounts();
    const messages = forgedLanes(10_000).map((baggage) => ({ value: 'forged', headers: { baggage } }));
    while (messages.length > 0) await plain.send({ topic, messages: messages.splice(0, 1_000) });
    await plain.send({ topic, messages: [{ value: 'signed', headers: { baggage: signedLane() } }] });
    const seen = inbox<string>();
    await consume(
      topic,
      { eachBatch: async ({ batch }) => forEachMessage(batch, (message) => seen.put(sighting(message))) },
      { policy: verify },
    );
    const lines = await seen.take(10_001);
    expect(lines.pop()).toBe('signed gray');
    expect(new Set(lines)).toEqual(new Set(['forged baseline']));
    const { forged = 0, expired = 0 } = baggageCounts();
    expect(forged + expired - (before.forged ?? 0) - (before.expired ?? 0)).toBe(10_000);
  });

  test('messages that are replayed a day later by two groups are in baseline, signed or not', async () => {
    const topic = await newTopic();
    const expired = baggageCounts().expired ?? 0;
    const signed = signedLane({ hoursAgo: 24 });
    const unsigned = signed.replace(/(1\.0\.\d+)\..*/, '$1');
    expect(unsigned).toMatch(/^lane=gray,lane-seal=1\.0\.\d+$/);
    for (const baggage of Array.from({ length: 50 }, () => [signed, unsigned]).flat()) {
      await plain.send({ topic, messages: [{ value: 'old', headers: { baggage } }] });
    }
    const seen = inbox<string>();
    const onward = await newTopic();
    const eachMessage = async ({ message }: { message: PeerMessage }): Promise<void> => {
      seen.put(sighting(message));
      if (seen.all.length === 1) await send(onward, 'onward');
    };
    await consume(topic, { eachMessage }, { policy: ingress });
    await consume(topic, { eachMessage }, { policy: { ...verify, keys } });
    expect(new Set(await seen.take(200))).toEqual(new Set(['old baseline']));
    expect((baggageCounts().expired ?? 0) - expired).toBe(150);
    expect(await (await headersOf(onward)).take(1)).toEqual([{}]);
  });

  /** A topic that the policy names. */
  async function newTopic(partitions = 1): Promise<string> {
    const topic = inside.pop() ?? '';
    await peer.createTopic(topic, partitions);
    return topic;
  }

  /** A topic that the policy doesn't name. */
  async function partnersTopic(): Promise<string> {
    const topic = `partner-${randomUUID()}`;
    await peer.createTopic(topic, 1);
    return topic;
  }

  function send(topic: string, value: string): Promise<unknown> {
    return producer.send({ topic, messages: [{ value }] });
  }

  /** Numbered messages, the even ones gray. */
  async function fill(topic: string, count: number, from = 0): Promise<void> {
    for (let number = from; number < from + count; number += 1) {
      const one = (): Promise<unknown> => send(topic, String(number));
      await (number % 2 === 0 ? inRequest('lane=gray', one) : one());
    }
  }

  async function consume(
    topic: string,
    handlers: Parameters<PeerConsumer['run']>[0],
    {
      groupId = `group-${randomUUID()}`,
      policy = ingress,
    }: { groupId?: string; policy?: IngressPolicy } = {},
  ): Promise<PeerConsumer> {
    const consumer = withBaggageConsumer(await peer.consumer(groupId, topic), { ingress: policy });
    consumers.push(consumer);
    await consumer.run(handlers);
    return consumer;
  }

  async function lanesOf(topic: string): Promise<Inbox<string>> {
    const seen = inbox<string>();
    await consume(topic, {
      eachMessage: async ({ message }) => {
        await new Promise((resolve) => setImmediate(resolve));
        seen.put(sighting(message));
      },
    });
    return seen;
  }

  /** The messages that a foreign reader receives. */
  async function messagesOf(topic: string): Promise<Inbox<PeerMessage>> {
    const seen = inbox<PeerMessage>();
    const consumer = await peer.consumer(`raw-${randomUUID()}`, topic);
    consumers.push(consumer);
    await consumer.run({ eachMessage: async ({ message }) => seen.put(message) });
    return seen;
  }

  async function headersOf(topic: string): Promise<Inbox<Record<string, string>>> {
    const seen = inbox<Record<string, string>>();
    const consumer = await peer.consumer(`raw-${randomUUID()}`, topic);
    consumers.push(consumer);
    await consumer.run({
      eachMessage: async ({ message }) => {
        const { id: _ours, ...headers } = textsOf(message.headers);
        seen.put(headers);
      },
    });
    return seen;
  }
}

/** The message that a handler saw, and its lane: "7 gray". */
function sighting({ value }: { value: PeerMessage['value'] }): string {
  return `${String(value)} ${getActiveLane()}`;
}

function expected(count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${number} ${number % 2 === 0 ? 'gray' : 'baseline'}`);
}

function textsOf(headers: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([key, value]) => [key, String(value)]));
}
