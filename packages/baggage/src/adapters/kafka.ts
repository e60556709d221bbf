export { withBaggageProducer } from './kafka-producer.ts';
export { withBaggageConsumer } from './kafka-consumer.ts';
export { forEachMessage, runInMessage } from './kafka-messages.ts';
export { baggageHeaders } from './kafka-headers.ts';
export type { KafkaProducer, KafkaProducerOptions } from './kafka-producer.ts';
export type { KafkaConsumer, KafkaConsumerOptions } from './kafka-consumer.ts';
export type { KafkaBatch, KafkaMessage } from './kafka-messages.ts';
export type { KafkaHeaders } from './kafka-headers.ts';
