import { withBaggageConsumer } from '@graylane/baggage/kafka';
import express from 'express';
import { describeHop, type Hop } from './hop.ts';
import { connectKafka, topic } from '../support/kafka.ts';
import { log } from '../support/log.ts';
import { announce } from '../support/service.ts';
import { activeTraceId } from '../support/trace-id.ts';

const keys = ['lane', 'user-id', 'tenant', 'region'];
const kept = 10_000;
const hops = new Map<string, Hop>();

const kafka = connectKafka('ledger');
if (kafka === undefined) throw new Error('the ledger consumes from Kafka: set KAFKA_BROKERS');
await createTopic();

const consumer = withBaggageConsumer(kafka.consumer({ groupId: 'graylane-demo-ledger' }), {
  ingress: { mode: 'accept', keys },
});
const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
await consumer.connect();
await consumer.subscribe({ topic });
await consumer.run({
  eachMessage: async () => {
    log.info('recorded');
    remember(activeTraceId(), describeHop('ledger', 'kafka'));
  },
});
await joined;

const app = express();
app.get('/ledger/:traceId', (request, response) => {
  const { traceId } = request.params;
  const hop = hops.get(traceId);
  if (hop) response.json({ traceId, ...hop });
  else
    response
      .status(404)
      .json({ error: `the ledger has not consumed a message of trace ${traceId} yet: try again` });
});
announce(app, 'ledger', 'LEDGER_PORT', () => consumer.disconnect());

function remember(traceId: string, hop: Hop): void {
  hops.set(traceId, hop);
  const [oldest] = hops.keys();
  if (hops.size > kept && oldest !== undefined) hops.delete(oldest);
}

async function createTopic(): Promise<void> {
  const admin = kafka?.admin();
  await admin?.connect();
  await admin?.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
  await admin?.disconnect();
}
