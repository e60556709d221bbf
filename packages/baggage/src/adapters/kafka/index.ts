export { withBaggageProducer } from './producer.ts';
export { withBaggageConsumer } from './consumer.ts';
export { forEachMessage, runInMessage } from './messages.ts';
export { baggageHeaders } from './headers.ts';
export type { KafkaProducer, KafkaProducerOptions } from './producer.ts';
export type { KafkaConsumer, KafkaConsumerOptions } from './consumer.ts';
export type { KafkaBatch, KafkaMessage } from './messages.ts';
export type { KafkaHeaders } from './headers.ts';
