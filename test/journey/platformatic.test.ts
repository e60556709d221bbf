import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../components/components.ts';
import { startKafka, type Broker } from '../components/services/kafka.ts';
import { newestAndKafka, newestScripts } from '../components/tools/newest.ts';

await describeWith(newestAndKafka, '@platformatic/kafka', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(async () => broker?.close());

  test('messages are sent with a copy of their headers and handled in their lane, as text or as bytes', async () => {
    const { node, folder } = newestScripts('packages/baggage/test/newest');
    const env = { ...process.env, KAFKA_BROKERS: broker.brokers };
    const { stdout } = await promisify(execFile)(node, [`${folder}/platformatic.js`], {
      env,
      timeout: 100_000,
    });
    const messages = [
      ['gray', 'id: 7', 'baggage: lane=gray'],
      ['gray', 'id: 7', 'baggage: lane=gray'],
      ['baseline', 'id: 7'],
      ['baseline', 'id: 7'],
      ['baseline', 'baggage: lane=\r\n漢'],
    ];
    expect(JSON.parse(stdout)).toEqual({
      text: messages,
      'text, shared': 3,
      bytes: messages,
      'bytes, shared': 3,
    });
  });
});
