import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
import { runInMessage, withBaggageConsumer, withBaggageProducer } from '@graylane/baggage/kafka';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { connectEcho, serveEcho } from '../../packages/baggage/test/adapters/grpc-echo.ts';
import { compare, type Contender } from '../support/bench.ts';
import { inbox } from '../support/inbox.ts';
import { kafka, startKafka } from '../support/kafka.ts';

const keys = ['lane', 'user-id', 'tenant', 'region'];
const ingress = { mode: 'accept', keys } as const;
const baggage = 'lane=gray,user-id=ada,tenant=acme,region=eu';
const count = 400;

/** CPU time of this process, both ends included, for one of `count` calls or messages of a request that carries four members. */
function costing(name: string, all: () => Promise<unknown>): Contender {
  return {
    name,
    sample: async () => {
      const before = process.cpuUsage();
      await runInMessage({ headers: { baggage } }, { ingress }, all);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / count;
    },
  };
}

const server = await serveEcho([], undefined, async () => {});
const ourServer = await serveEcho([baggageServerInterceptor({ ingress })], undefined, async () => {});
const client = connectEcho(`127.0.0.1:${server.port}`);
const egress = { to: { [`grpc://127.0.0.1:${ourServer.port}`]: keys } };
const ourClient = connectEcho(`127.0.0.1:${ourServer.port}`, [baggageClientInterceptor({ egress })]);
const calls = (echo: typeof client) => () => Promise.all(Array.from({ length: count }, () => echo.unary()));

await compare({
  question: 'What CPU time does one gRPC call cost, both ends together?',
  unit: 'us',
  peers: ['@grpc/grpc-js'],
  rows: [
    {
      name: 'unary',
      contenders: [costing('grpc-js', calls(client)), costing('with both interceptors', calls(ourClient))],
    },
  ],
});
for (const one of [client, ourClient, server, ourServer]) one.close();

if (await kafka.available()) await compareKafka();
else console.log(`\nKafka: left out, there is none (${kafka.remedy})`);

async function compareKafka(): Promise<void> {
  const broker = await startKafka();
  const clients = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = clients.admin();
  await admin.connect();
  const closing: { disconnect(): Promise<void> }[] = [admin];
  const contender = async (name: string, wrapped: boolean): Promise<Contender> => {
    const topic = randomUUID();
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
    const bareProducer = clients.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const bareConsumer = clients.consumer({ groupId: topic, maxWaitTimeInMs: 5 });
    closing.push(bareProducer, bareConsumer);
    const producer = wrapped
      ? withBaggageProducer(bareProducer, { egress: { to: { [`kafka:${topic}`]: keys } } })
      : bareProducer;
    const consumer = wrapped ? withBaggageConsumer(bareConsumer, { ingress }) : bareConsumer;
    await Promise.all([producer.connect(), consumer.connect()]);
    await consumer.subscribe({ topic, fromBeginning: true });
    const seen = inbox<string>();
    await consumer.run({ eachMessage: async () => seen.put('') });
    return costing(name, async () => {
      const before = seen.all.length;
      await producer.send({ topic, messages: Array.from({ length: count }, () => ({ value: 'paid' })) });
      await seen.take(before + count);
    });
  };
  await compare({
    question: 'What CPU time does one Kafka message cost, both ends together?',
    unit: 'us',
    peers: ['kafkajs'],
    rows: [
      {
        name: 'message',
        contenders: [await contender('kafkajs', false), await contender('with both wrappers', true)],
      },
    ],
  });
  await Promise.all(closing.map((one) => one.disconnect()));
  await broker.close();
}
