import { describeWith } from '../../../../test/components/components.ts';
import { confluent, loadConfluent } from '../../../../test/components/services/confluent.ts';
import { kafka } from '../../../../test/components/services/kafka.ts';
import { kafkaContract } from './kafka-contract.ts';
import type { KafkaPeer, PeerConsumer, PeerProducer } from './kafka-peer.ts';

const both = { ...confluent, available: () => confluent.available() && kafka.available() };

await describeWith(both, '@confluentinc/kafka-javascript', () => kafkaContract(connectConfluent));

/** The part that the test uses of a module that may not be installed. */
interface Confluent {
  readonly KafkaJS: {
    readonly Kafka: new (configuration: object) => {
      admin(): {
        connect(): Promise<void>;
        disconnect(): Promise<void>;
        createTopics(options: object): Promise<unknown>;
      };
      producer(configuration: object): PeerProducer & { connect(): Promise<void> };
      consumer(
        configuration: object,
      ): PeerConsumer & { connect(): Promise<void>; subscribe(topic: object): Promise<void> };
    };
    readonly logLevel: { readonly NOTHING: number };
  };
}

async function connectConfluent(brokers: string): Promise<KafkaPeer> {
  const { KafkaJS } = loadConfluent() as Confluent;
  const logLevel = KafkaJS.logLevel.NOTHING;
  const client = new KafkaJS.Kafka({ kafkaJS: { brokers: brokers.split(','), logLevel } });
  const admin = client.admin();
  await admin.connect();
  const producers: PeerProducer[] = [];
  return {
    createTopic: async (topic, numPartitions) => {
      await admin.createTopics({ topics: [{ topic, numPartitions }] });
    },
    producer: async (transactionalId) => {
      const producer = client.producer({
        kafkaJS: { ...(transactionalId && { transactionalId }) },
        'linger.ms': 0,
      });
      producers.push(producer);
      await producer.connect();
      return producer;
    },
    consumer: async (groupId, topic) => {
      const consumer = client.consumer({
        kafkaJS: { groupId, fromBeginning: true },
        'fetch.wait.max.ms': 50,
      });
      await consumer.connect();
      await consumer.subscribe({ topic });
      return consumer;
    },
    close: async () => {
      await Promise.all(producers.map((producer) => producer.disconnect()));
      await admin.disconnect();
    },
  };
}
