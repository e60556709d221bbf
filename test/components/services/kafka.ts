import type { Component } from '../components.ts';
import { dockerAnswers, startDockerBroker } from './kafka/docker-broker.ts';
import { hasJavaBroker, startJavaBroker } from './kafka/java-broker.ts';

/** A running broker, and a function that releases it. */
export interface Broker {
  /** `host:port`, or several separated by commas: what `KAFKA_BROKERS` holds. */
  readonly brokers: string;
  /** Stops what was started, and nothing else. */
  close(): Promise<void>;
}

/**
 * A real Apache Kafka: one that runs already, one from Maven Central, or one from Docker, in this
 * order.
 */
export const kafka: Component = {
  id: 'kafka',
  name: 'Apache Kafka',
  remedy: 'set KAFKA_BROKERS, install Java 17 and Maven, or start Docker',
  available: () => given() !== undefined || hasJavaBroker() || dockerAnswers(),
};

/**
 * Starts one broker that is its own controller (KRaft) on loopback and on free ports, with its data
 * in a temporary folder. Where `KAFKA_BROKERS` names a broker, it is used and nothing is started.
 * The first start fetches some 46 MB.
 */
export async function startKafka(): Promise<Broker> {
  const brokers = given();
  if (brokers !== undefined) return { brokers, close: async () => {} };
  return hasJavaBroker() ? startJavaBroker() : startDockerBroker();
}

function given(): string | undefined {
  return process.env['KAFKA_BROKERS'] || undefined;
}
