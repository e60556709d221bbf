import { forEachMessage, withBaggageConsumer, withBaggageProducer } from '@graylane/baggage/kafka';
import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { put, received } from './receivers.js';

const kafka = new Kafka({ brokers: [process.env.KAFKA_BROKERS], logLevel: logLevel.NOTHING });
const quick = { maxWaitTimeInMs: 20 };

export async function clients(egress) {
  const topics = { friend: await newTopic(), stranger: await newTopic() };
  const producer = await open(kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner }));
  const ours = withBaggageProducer(producer, { egress: egress(`kafka:${topics.friend}`) });
  const reader = await open(kafka.consumer({ groupId: randomUUID(), ...quick }));
  await reader.subscribe({ topics: Object.values(topics), fromBeginning: true });
  await reader.run({ eachMessage: async ({ message }) => put(pairs(message.headers)) });
  const through = (sender) => async (name, headers) => {
    const before = received.length;
    await sender.send({ topic: topics[name], messages: [{ value: 'v', ...(headers && { headers }) }] });
    while (received.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const close = () => Promise.all([producer.disconnect(), reader.disconnect()]);
  const deaf = withBaggageProducer(producer, { egress: egress() });
  const twice = withBaggageProducer(deaf, { egress: egress(`kafka:${topics.friend}`) });
  const more = { nested: () => through(twice)('friend') };
  return { wrapped: through(ours), bare: through(producer), more, close };
}

/**
 * Each call is answered twice: by `eachMessage`, and by a batch; once, where no policy would admit
 * the messages of a batch.
 */
export async function server(ingress, sighting) {
  const topic = await newTopic();
  const producer = await open(kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner }));
  const answers = { one: [], batched: [] };
  const consumers = [];
  const look = (into) => async () => {
    await new Promise((resolve) => setImmediate(resolve));
    into.push(sighting());
  };
  for (const handlers of [
    { eachMessage: look(answers.one) },
    ...(ingress ? [{ eachBatch: ({ batch }) => forEachMessage(batch, look(answers.batched)) }] : []),
  ]) {
    const bare = await open(kafka.consumer({ groupId: randomUUID(), ...quick }));
    const consumer = ingress ? withBaggageConsumer(bare, { ingress }) : bare;
    consumers.push(consumer);
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run(handlers);
  }
  const call = async (headers) => {
    const { length } = answers.one;
    // The instrumentation writes the trace of the sender, so the sender runs in the one that is
    // asked for.
    const { traceparent } = headers;
    await context.with(propagation.extract(ROOT_CONTEXT, { traceparent }), () =>
      producer.send({ topic, messages: [{ value: 'v', headers }] }),
    );
    const waiting = ingress ? Object.values(answers) : [answers.one];
    while (waiting.some((answer) => answer.length === length))
      await new Promise((resolve) => setTimeout(resolve, 5));
    // A batch has a trace of its own, which links to those of its messages.
    const [one, batched] = [answers.one.at(-1), answers.batched.at(-1)];
    return !ingress || one.replace(' traced', '') === batched
      ? one
      : `one by one: ${one}, in a batch: ${batched}`;
  };
  return { call, close: () => Promise.all([producer, ...consumers].map((each) => each.disconnect())) };
}

async function newTopic() {
  const admin = await open(kafka.admin());
  const topic = `instrumented-${randomUUID()}`;
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
  await admin.disconnect();
  return topic;
}

async function open(client) {
  await client.connect();
  return client;
}

function pairs(headers) {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
}
