import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Broker } from '../kafka.ts';
import { hasMaven, isDownloaded, libraries } from './download.ts';
import { freePort, Supervised } from '../../../support/supervised.ts';

const attempts = 3;
const logging = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
  '-Dorg.slf4j.simpleLogger.log.kafka.network.DataPlaneAcceptor=info',
];

/**
 * Whether this machine has Java 17 or newer, and Kafka or Maven to fetch it with. Starts nothing
 * but `java -version`.
 */
export function hasJavaBroker(): boolean {
  if (!isDownloaded() && !hasMaven()) return false;
  const { status, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return status === 0 && Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) >= 17;
}

/** One node of Apache Kafka in a JVM of its own. */
export async function startJavaBroker(): Promise<Broker> {
  const classpath = `${await libraries()}/*`;
  // The controller's port can't be reserved: another process may take it between the check and its
  // use.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(classpath);
    } catch (error) {
      if (attempt === attempts || !String(error).includes('BindException')) throw error;
    }
  }
}

async function start(classpath: string): Promise<Broker> {
  const folder = mkdtempSync(`${tmpdir()}/graylane-kafka-`);
  const configuration = `${folder}/server.properties`;
  writeFileSync(configuration, properties(folder, await freePort()));
  const java = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...logging, '-cp', classpath];
  const tool = ['kafka.tools.StorageTool', 'format', '-t', 'graylane-graylane-test1', '-c', configuration];
  const formatted = spawnSync('java', [...java, ...tool], { encoding: 'utf8' });
  if (formatted.status !== 0) throw new Error(`Kafka can't format ${folder}: ${formatted.stderr}`);

  const node = new Supervised('java', [...java, 'kafka.Kafka', configuration]);
  const close = async (): Promise<void> => {
    await node.close();
    if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [, brokers = ''] = await node.said(
      /Opened wildcard endpoint (127\.0\.0\.1:\d+)[^]*Kafka Server started/,
    );
    return { brokers, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function properties(folder: string, controllerPort: number): string {
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:${controllerPort}`,
    'log.dirs': `${folder}/data`,
    'num.partitions': 1,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
