import { context, type Context } from '@opentelemetry/api';
import { checkOptions } from '../../check-options.ts';
import { checkEgress, type EgressPolicy } from '../../policy/egress.ts';
import { withoutBaggageTo } from '../../request/hidden-baggage.ts';
import { needMethods, undyedEvents } from './client.ts';
import { dyedHeaders, kafkaDestination, type KafkaHeaders } from './headers.ts';
import { overrideMethods } from '../override-methods.ts';
import { reportSend } from './report-operation.ts';

/**
 * The methods that producers of kafkajs and @confluentinc/kafka-javascript (its `KafkaJS` API) have
 * in common.
 */
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

/** The baggage that may leave, and to which topics: `{ to: { 'kafka:payments': ['lane'] } }`. */
export interface KafkaProducerOptions {
  readonly egress: EgressPolicy;
}

/**
 * A producer whose messages, those of transactions included, carry the baggage of the active
 * request that their topic may see: one `baggage` header, or none for a topic that the policy does
 * not name. It replaces one that a message has. Messages and headers are copied. Listeners of the
 * producer's events run in no lane.
 * @throws {TypeError} if an option is unknown, the policy can't be used, or the producer has
 *   another interface.
 */
export function withBaggageProducer<Producer extends KafkaProducer>(
  producer: Producer,
  options: KafkaProducerOptions,
): Producer {
  checkOptions('withBaggageProducer', options, { egress: 'object?' }, example);
  const { egress } = options ?? {};
  checkEgress(egress);
  needMethods('withBaggageProducer', producer, ['send', 'sendBatch'], 'baggageHeaders(topic, { egress })');
  return overrideMethods(producer, {
    ...undyedEvents(producer),
    ...carrying(producer, egress),
    transaction: async () => {
      const transaction = await producer.transaction();
      return overrideMethods(transaction, carrying(transaction, egress));
    },
  } as Partial<Producer>);
}

const example = "withBaggageProducer(producer, { egress: { to: { 'kafka:payments': ['lane'] } } })";

function carrying(sender: KafkaSender, egress: EgressPolicy): KafkaSender {
  return {
    send: (record) => {
      const active = context.active();
      const copy = dyed(active, egress, record);
      return reportSend(active, [record.topic], (inside) =>
        unseen(inside, [record], () => sender.send(copy)),
      );
    },
    sendBatch: (batch) => {
      const active = context.active();
      const records = batch.topicMessages ?? [];
      const copy = { ...batch, topicMessages: records.map((record) => dyed(active, egress, record)) };
      const topics = records.map(({ topic }) => topic);
      return reportSend(active, topics, (inside) => unseen(inside, records, () => sender.sendBatch(copy)));
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

/**
 * A copy with other headers, which stand in front: adding a key to a copy takes ten times as long.
 */
function withHeaders(
  message: KafkaRecord['messages'][number],
  headers: KafkaHeaders,
): KafkaRecord['messages'][number] {
  const copy = { headers, ...message };
  copy.headers = headers;
  return copy;
}

/**
 * Instrumentation of the client injects all baggage of the context, past any policy; here it finds
 * none.
 */
function unseen<T>(active: Context, records: readonly KafkaRecord[], send: () => T): T {
  const destinations = records.map(({ topic }) => kafkaDestination(topic));
  return context.with(withoutBaggageTo(active, ...destinations), send);
}
