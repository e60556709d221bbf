import { spawnSync } from 'node:child_process';
import type { Broker } from '../kafka.ts';
import { freePort, Supervised } from '../../../support/supervised.ts';

const image = 'apache/kafka:3.9.1';
const answersWithinMs = 5_000;

/** Whether a Docker engine responds; the command may exist without one. */
export function dockerAnswers(): boolean {
  return spawnSync('docker', ['info'], { timeout: answersWithinMs, stdio: 'ignore' }).status === 0;
}

/** One node of Apache Kafka from its official image. */
export async function startDockerBroker(): Promise<Broker> {
  const port = await freePort();
  const name = `graylane-kafka-${process.pid}-${port}`;
  const settings = Object.entries({
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
  }).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  console.log(`kafka: starting ${image} in Docker (the first time fetches it) ...`);
  const publish = ['--publish', `127.0.0.1:${port}:9092`];
  const container = new Supervised('docker', ['run', '--rm', '--name', name, ...publish, ...settings, image]);
  const close = async (): Promise<void> => {
    spawnSync('docker', ['rm', '--force', name], { stdio: 'ignore' });
    await container.close();
  };
  try {
    await container.said(/Kafka Server started/, 300_000);
    return { brokers: `127.0.0.1:${port}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}
