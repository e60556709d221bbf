// A consumer of batches, whose messages have different lanes.
import { once } from 'node:events';
import { forEachMessage, withBaggageConsumer } from '@graylane/baggage/kafka';
import { Kafka, logLevel } from 'kafkajs';

const { KAFKA_BROKERS, LANES } = process.env;
const topic = `batches-${process.pid}`;
const kafka = new Kafka({ brokers: [KAFKA_BROKERS], logLevel: logLevel.NOTHING });
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
await admin.disconnect();

const lanes = LANES.split(',');
const producer = kafka.producer();
await producer.connect();
const messages = lanes.map((lane) => ({ key: lane, value: lane, headers: { baggage: `lane=${lane}` } }));
await producer.send({ topic, messages });
await producer.disconnect();

const consumer = withBaggageConsumer(kafka.consumer({ groupId: topic }), {
  ingress: { mode: 'accept', keys: ['lane'] },
});
let handled = 0;
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  eachBatch: async ({ batch }) => {
    await forEachMessage(batch, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      handled += 1;
    });
    if (handled === lanes.length) process.stdout.write('handled\n');
  },
});
await once(process, 'disconnect');
