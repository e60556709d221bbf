import { Kafka, logLevel } from 'kafkajs';

/** The topic to which payments sends what was paid, for the ledger. */
export const topic = 'graylane-demo-payments';

/**
 * A Kafka client for `KAFKA_BROKERS` (`host:port`, separated by commas). Without the variable it
 * returns undefined, and the shop runs without Kafka.
 */
export function connectKafka(clientId: string): Kafka | undefined {
  const brokers = process.env['KAFKA_BROKERS'];
  return brokers ? new Kafka({ clientId, brokers: brokers.split(','), logLevel: logLevel.ERROR }) : undefined;
}
