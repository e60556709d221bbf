import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../../../../test/components/components.ts';
import { newest, newestScripts } from '../../../../test/components/tools/newest.ts';
import type { MetricPoint } from '../../src/signals/metric-point.ts';
import { startReceiver, type Receiver } from '../support/receive.ts';

const execute = promisify(execFile);
const services = ['json none', 'json gzip', 'protobuf none', 'protobuf gzip'];

await describeWith(newest, 'the OTLP exporters of OpenTelemetry 3.x', () => {
  let receiver: Receiver;
  let ids: Readonly<Record<string, { readonly traceId: string; readonly spanId: string }>>;

  beforeAll(async () => {
    receiver = await startReceiver();
    const { node, folder } = newestScripts('apps/server/test/otlp/exporters');
    const env = { ...process.env, RECEIVER: receiver.url };
    const { stdout } = await execute(node, ['export-all.js'], { cwd: folder, env });
    ids = JSON.parse(stdout) as typeof ids;
  });
  afterAll(async () => receiver.close());

  describe.each(services)('%s', (service) => {
    test('bring every kind of metric', () => {
      const point = (name: string): MetricPoint | undefined =>
        receiver.points(name).find(({ source }) => source.service === service);
      expect(point('latency')).toMatchObject({
        source: { instance: 'one', scope: 'shop' },
        unit: 's',
        attributes: new Map([['lane', 'gray']]),
        data: { kind: 'histogram', count: 4, sum: 3.25, bounds: [0.1, 1], counts: [1, 2, 1] },
      });
      expect(point('wide')?.data).toMatchObject({ kind: 'exponential', count: 3, zeroCount: 1 });
      expect(point('requests')).toMatchObject({
        attributes: new Map<string, unknown>([
          ['lane', 'gray'],
          ['http.response.status_code', 200],
        ]),
        data: { kind: 'sum', temporality: 'cumulative', monotonic: true, value: 3 },
      });
      expect(point('open')?.data).toMatchObject({ monotonic: false, value: -2 });
      expect(point('load')?.data).toEqual({ kind: 'gauge', value: 0.25 });
    });

    test('bring spans', () => {
      const spans = receiver.allSpans().filter(({ source }) => source.service === service);
      const { traceId, spanId } = ids[service] ?? {};
      expect(spans.find(({ name }) => name === 'POST /charge')).toMatchObject({
        traceId,
        spanId,
        parentSpanId: undefined,
        kind: 'server',
        attributes: new Map([['lane', 'gray']]),
        failed: true,
        statusMessage: 'declined',
      });
      expect(spans.find(({ name }) => name === 'publish')).toMatchObject({
        traceId,
        parentSpanId: spanId,
        kind: 'producer',
        failed: false,
      });
    });
  });
});
