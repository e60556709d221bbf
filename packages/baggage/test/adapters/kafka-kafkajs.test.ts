import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { describeWith } from '../../../../test/components/components.ts';
import { kafka } from '../../../../test/components/services/kafka.ts';
import { kafkaContract } from './kafka-contract.ts';
import type { KafkaPeer } from './kafka-peer.ts';

await describeWith(kafka, 'kafkajs', () => kafkaContract(connectKafkaJs));

async function connectKafkaJs(brokers: string): Promise<KafkaPeer> {
  const client = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const producers: { disconnect(): Promise<void> }[] = [];
  return {
    createTopic: async (topic, numPartitions) => {
      await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions }] });
    },
    producer: async (transactionalId) => {
      const producer = client.producer({
        createPartitioner: Partitioners.DefaultPartitioner,
        ...(transactionalId && { transactionalId, maxInFlightRequests: 1, idempotent: true }),
      });
      producers.push(producer);
      await producer.connect();
      return producer;
    },
    consumer: async (groupId, topic) => {
      const consumer = client.consumer({ groupId, maxWaitTimeInMs: 50, heartbeatInterval: 300 });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      return consumer;
    },
    close: async () => {
      await Promise.all(producers.map((producer) => producer.disconnect()));
      await admin.disconnect();
    },
  };
}
