import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../test/components/components.ts';
import { kafka, startKafka, type Broker } from '../../../test/components/services/kafka.ts';
import { newestAndKafka, newestScripts } from '../../../test/components/tools/newest.ts';
import { startCollector, type Collector } from '../../../test/support/collector.ts';

const here = { node: process.execPath, folder: fileURLToPath(new URL('instrumented', import.meta.url)) };
const lanes = Array.from({ length: 60 }, (_, index) => ['gray', 'team-a', 'baseline'][index % 3] ?? '');

await describeWith(kafka, 'a batch of Kafka, with OpenTelemetry 2.x', () => suite(() => here));
await describeWith(newestAndKafka, 'a batch of Kafka, with OpenTelemetry 3.x', () =>
  suite(() => newestScripts('packages/telemetry/test/instrumented')),
);

function suite(where: () => typeof here): void {
  let broker: Broker;
  let collector: Collector;
  let consumer: ChildProcess;

  beforeAll(async () => {
    broker = await startKafka();
    collector = await startCollector();
    const { node, folder } = where();
    consumer = spawn(node, ['--import', '@graylane/telemetry/register', 'batches.js'], {
      cwd: folder,
      env: {
        ...process.env,
        KAFKA_BROKERS: broker.brokers,
        LANES: lanes.join(),
        GRAYLANE_LANES: 'gray,team-a',
        GRAYLANE_MANAGEMENT_PORT: 'off',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '100',
        OTEL_METRIC_EXPORT_INTERVAL: '300',
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  });
  afterAll(async () => {
    consumer?.kill('SIGKILL');
    await collector?.close();
    await broker?.close();
  });

  const processed = (): readonly (readonly [key: unknown, lane: unknown])[] =>
    collector.spans
      .filter(({ name }) => name.startsWith('process '))
      .map(({ attributes }) => [attributes['messaging.kafka.message.key'], attributes['lane']]);

  test('has a span for each message, in the lane of the message', async () => {
    await expect.poll(() => processed().length, { timeout: 60_000 }).toBe(lanes.length);
    expect(processed().map(([key]) => key)).toEqual(lanes);
    expect(processed().filter(([key, lane]) => key !== lane)).toEqual([]);
  });

  test('is recorded by the lanes of its messages', async () => {
    await expect
      .poll(() =>
        Object.fromEntries(
          collector
            .series()
            .filter(
              ({ scope, name }) => scope.startsWith('@graylane/') && name === 'messaging.process.duration',
            )
            .map(({ attributes, count }) => [attributes['lane'], count]),
        ),
      )
      .toEqual({ gray: 20, 'team-a': 20, baseline: 20 });
  });
}
