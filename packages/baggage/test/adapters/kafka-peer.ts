import type { KafkaBatch, KafkaConsumer, KafkaMessage, KafkaProducer } from '@graylane/baggage/kafka';

/** A client under test, connected. */
export interface KafkaPeer {
  createTopic(topic: string, partitions: number): Promise<void>;
  producer(transactionalId?: string): Promise<PeerProducer>;
  /** A member of a group that reads a topic from its beginning. */
  consumer(groupId: string, topic: string): Promise<PeerConsumer>;
  close(): Promise<void>;
}

export interface PeerMessage extends KafkaMessage {
  readonly key?: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Record<string, Buffer | string | (Buffer | string)[] | undefined>;
}

export interface PeerSender {
  send(record: { topic: string; messages: PeerMessage[] }): Promise<unknown>;
  sendBatch(batch: { topicMessages: { topic: string; messages: PeerMessage[] }[] }): Promise<unknown>;
}

export interface PeerProducer extends PeerSender, KafkaProducer {
  send: PeerSender['send'];
  sendBatch: PeerSender['sendBatch'];
  transaction(): Promise<PeerSender & { commit(): Promise<void> }>;
  disconnect(): Promise<void>;
}

type Received = PeerMessage & { readonly offset: string };

export interface PeerConsumer extends KafkaConsumer {
  run(handlers: {
    eachMessage?(payload: { message: Received }): Promise<void>;
    eachBatch?(payload: {
      batch: KafkaBatch<Received>;
      resolveOffset(this: void, offset: string): void;
    }): Promise<void>;
  }): Promise<void>;
  disconnect(): Promise<void>;
}
