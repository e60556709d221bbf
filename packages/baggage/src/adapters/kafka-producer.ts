import { context } from '@opentelemetry/api';
import { emit } from '../emit.ts';
import { checkEgress, type EgressPolicy } from '../policy.ts';
import { withoutBaggage } from '../without-baggage.ts';
import { kafkaDestination, replaceBaggage, type KafkaHeaders } from './kafka-headers.ts';
import { overriding } from './overriding.ts';

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
  return overriding(producer, {
    ...carrying(producer, egress),
    transaction: async () => {
      const transaction = await producer.transaction();
      return overriding(transaction, carrying(transaction, egress));
    },
  } as Partial<Producer>);
}

function carrying(sender: KafkaSender, egress: EgressPolicy): KafkaSender {
  const dyed = (record: KafkaRecord): KafkaRecord => {
    const baggage = emit(context.active(), egress, kafkaDestination(record.topic));
    const messages = record.messages.map((message) => ({
      ...message,
      headers: replaceBaggage(message.headers, baggage),
    }));
    return { ...record, messages };
  };
  return {
    send: (record) => {
      const copy = dyed(record);
      return unseen(() => sender.send(copy));
    },
    sendBatch: (batch) => {
      const copy = { ...batch, topicMessages: (batch.topicMessages ?? []).map(dyed) };
      return unseen(() => sender.sendBatch(copy));
    },
  };
}

/** Instrumentation of the client injects whatever the context holds, past any policy; here it finds nothing. */
function unseen<T>(send: () => T): T {
  return context.with(withoutBaggage(context.active()), send);
}
