import { Kafka, logLevel } from 'kafkajs';

/** Where payments tells the ledger what was paid. */
export const topic = 'graylane-demo-payments';

/** A Kafka client where `KAFKA_BROKERS` names brokers (`host:port`, separated by commas); else nothing, and the shop runs without. */
export function connectKafka(clientId: string): Kafka | undefined {
  const brokers = process.env['KAFKA_BROKERS'];
  return brokers ? new Kafka({ clientId, brokers: brokers.split(','), logLevel: logLevel.ERROR }) : undefined;
}
