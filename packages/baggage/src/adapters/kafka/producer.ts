import { context, type Context } from '@opentelemetry/api';
import { checkEgress, type EgressPolicy } from '../../policy/egress.ts';
import { withoutBaggageTo } from '../../request/hidden-baggage.ts';
import { dyedHeaders, kafkaDestination, type KafkaHeaders } from './headers.ts';
import { overrideMethods } from '../override-methods.ts';

/** What kafkajs and @confluentinc/kafka-javascript (its `KafkaJS` API) have in common of a producer. */
export interface KafkaProducer extends KafkaSender {
  transaction(): Promise<KafkaSender>;
}

/** A producer, or a transaction of one. */
export interface KafkaSender {
  send(record: KafkaRecord): Promise<unknown>;
  sendBatch(batch: { topicMessages?: KafkaRecord[] }): Promise<unknown>;
}

/** Messages for one topic. */
export interface KafkaRecord {
  topic: string;
  messages: { headers?: KafkaHeaders | undefined }[];
}

/** What may leave, and to which topics: `{ to: { 'kafka:payments': ['lane'] } }`. */
export interface KafkaProducerOptions {
  readonly egress: EgressPolicy;
}

/**
 * A producer whose messages, transactions' included, carry what the active request may tell their topic: one `baggage` header,
 * or none for a topic that the policy doesn't name. A `baggage` header that a message had is replaced. Messages and headers are copied.
 */
export function withBaggageProducer<Producer extends KafkaProducer>(
  producer: Producer,
  { egress }: KafkaProducerOptions,
): Producer {
  checkEgress(egress);
  return overrideMethods(producer, {
    ...carrying(producer, egress),
    transaction: async () => {
      const transaction = await producer.transaction();
      return overrideMethods(transaction, carrying(transaction, egress));
    },
  } as Partial<Producer>);
}

function carrying(sender: KafkaSender, egress: EgressPolicy): KafkaSender {
  return {
    send: (record) => {
      const active = context.active();
      const copy = dyed(active, egress, record);
      return unseen(active, [record], () => sender.send(copy));
    },
    sendBatch: (batch) => {
      const active = context.active();
      const records = batch.topicMessages ?? [];
      const copy = { ...batch, topicMessages: records.map((record) => dyed(active, egress, record)) };
      return unseen(active, records, () => sender.sendBatch(copy));
    },
  };
}

function dyed(active: Context, egress: EgressPolicy, record: KafkaRecord): KafkaRecord {
  const copy = dyedHeaders(active, egress, kafkaDestination(record.topic));
  return {
    ...record,
    messages: record.messages.map((message) => withHeaders(message, copy(message.headers))),
  };
}

/** A copy with other headers, which stand in front: a copy that gets one key more takes ten times as long to make. */
function withHeaders(
  message: KafkaRecord['messages'][number],
  headers: KafkaHeaders,
): KafkaRecord['messages'][number] {
  const copy = { headers, ...message };
  copy.headers = headers;
  return copy;
}

/** Instrumentation of the client injects whatever the context holds, past any policy; here it finds nothing. */
function unseen<T>(active: Context, records: readonly KafkaRecord[], send: () => T): T {
  const destinations = records.map(({ topic }) => kafkaDestination(topic));
  return context.with(withoutBaggageTo(active, ...destinations), send);
}
