import { baggageClientInterceptor, baggageServerInterceptor } from '@graylane/baggage/grpc';
import { runInMessage, withBaggageConsumer, withBaggageProducer } from '@graylane/baggage/kafka';
import { InterceptingCall, Metadata, ServerInterceptingCall } from '@grpc/grpc-js';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { connectEcho, serveEcho } from '../../packages/baggage/test/adapters/grpc-echo.ts';
import { compare, type Contender } from '../support/bench.ts';
import { inbox } from '../support/inbox.ts';
import { kafka, startKafka } from '../components/services/kafka.ts';

const keys = ['lane', 'user-id', 'tenant', 'region'];
const ingress = { mode: 'accept', keys } as const;
const baggage = 'lane=gray,user-id=ada,tenant=acme,region=eu';
const count = 400;

/**
 * CPU time of this process, both ends included, for one of `count` calls or messages of a request
 * that carries four members.
 */
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
const idleServer = await serveEcho(
  [(_method, call) => new ServerInterceptingCall(call)],
  undefined,
  async () => {},
);
const idleClient = connectEcho(`127.0.0.1:${idleServer.port}`, [
  (options, nextCall) => new InterceptingCall(nextCall(options)),
]);
const byHand = new Metadata();
byHand.set('baggage', baggage);
const calls = (echo: typeof client, metadata?: Metadata) => () =>
  Promise.all(Array.from({ length: count }, () => echo.unary(metadata)));

await compare({
  question: 'What CPU time does one gRPC call cost, both ends together?',
  unit: 'us',
  rounds: 45,
  peers: ['@grpc/grpc-js'],
  rows: [
    {
      name: 'unary',
      contenders: [
        costing('grpc-js', calls(client)),
        costing('and the header set by hand', calls(client, byHand)),
        costing('and interceptors that do nothing', calls(idleClient, byHand)),
        costing('with both of our interceptors', calls(ourClient)),
      ],
    },
  ],
});
for (const one of [client, idleClient, ourClient, server, idleServer, ourServer]) one.close();

if (await kafka.available()) await compareKafka();
else console.log(`\nKafka: left out, there is none (${kafka.remedy})`);

async function compareKafka(): Promise<void> {
  const broker = await startKafka();
  const clients = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = clients.admin();
  await admin.connect();
  const closing: { disconnect(): Promise<void> }[] = [admin];
  const contender = async (
    name: string,
    wrapped: boolean,
    headers?: { baggage: string },
  ): Promise<Contender> => {
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
    const message = { value: 'paid', ...(headers && { headers }) };
    const seen = inbox<string>();
    await consumer.run({ eachMessage: async () => seen.put('') });
    return costing(name, async () => {
      const before = seen.all.length;
      await producer.send({ topic, messages: Array.from({ length: count }, () => message) });
      await seen.take(before + count);
    });
  };
  await compare({
    question: 'What CPU time does one Kafka message cost, both ends together?',
    unit: 'us',
    rounds: 45,
    peers: ['kafkajs'],
    rows: [
      {
        name: 'message',
        contenders: [
          await contender('kafkajs', false),
          await contender('and the header set by hand', false, { baggage }),
          await contender('with both of our wrappers', true),
        ],
      },
    ],
  });
  await Promise.all(closing.map((one) => one.disconnect()));
  await broker.close();
}
