// Run by the newest Node, which @platformatic/kafka needs: its messages through a real broker;
// prints what handlers and readers saw.
import { getActiveLane } from '@graylane/baggage';
import { baggageHeaders, runInMessage } from '@graylane/baggage/kafka';
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { randomUUID } from 'node:crypto';

const base = {
  clientId: 'graylane',
  bootstrapBrokers: process.env.KAFKA_BROKERS.split(','),
  autocreateTopics: false,
};
const ingress = { mode: 'accept', keys: ['lane', 'user-id'] };
const results = {};

for (const [name, kind] of Object.entries({
  text: { serializers: stringSerializers, deserializers: stringDeserializers, encode: String },
  bytes: { serializers: undefined, deserializers: undefined, encode: (value) => Buffer.from(value) },
})) {
  const { serializers, deserializers, encode } = kind;
  const topic = `platformatic-${randomUUID()}`;
  const admin = new Admin(base);
  await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 });
  await admin.close();

  const producer = new Producer({ ...base, ...(serializers && { serializers }) });
  const egress = { to: { [`kafka:${topic}`]: ['lane'] } };
  const shared = new Map([[encode('id'), encode('7')]]);
  const stale = new Map([...shared, [encode('baggage'), encode('lane=stale')]]);
  const message = (headers) => ({
    topic,
    key: encode('k'),
    value: encode('v'),
    headers: baggageHeaders(topic, { egress }, headers),
  });
  const send = (...headers) => producer.send({ messages: headers.map(message) });
  const dyed = { headers: { baggage: 'lane=gray,user-id=ada' } };
  await runInMessage(dyed, { ingress }, () => send(shared, stale));
  await send(shared, stale);
  // A tombstone from elsewhere, with what a header must not hold.
  await producer.send({
    messages: [{ topic, key: encode('k'), headers: new Map([[encode('baggage'), encode('lane=\r\n漢')]]) }],
  });
  await producer.close();

  const consumer = new Consumer({ ...base, groupId: randomUUID(), ...(deserializers && { deserializers }) });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', maxWaitTime: 50 });
  results[name] = [];
  for await (const received of stream) {
    const lane = await runInMessage(received, { ingress }, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return getActiveLane();
    });
    const headers = [...received.headers].map(([key, value]) => `${key}: ${value}`);
    results[name].push([lane, ...headers]);
    if (results[name].length === 5) break;
  }
  await consumer.close(true);
  results[`${name}, shared`] = shared.size + stale.size;
}

process.stdout.write(`${JSON.stringify(results)}\n`, () => process.exit(0));
