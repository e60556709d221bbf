import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCollector, type CollectedSeries, type Collector } from '../support/collector.ts';
import { describeWith } from '../components/components.ts';
import { kafka, startKafka, type Broker } from '../components/kafka.ts';
import { eventually, Shop } from '../support/shop.ts';

const requests = Number(process.env['GRAYLANE_OBSERVE_REQUESTS'] ?? 200);
const atOnce = 20;
const lanes = ['baseline', 'gray', 'team-a'] as const;

describe('the signals of the shop', () => suite(async () => undefined));
await describeWith(kafka, 'the signals of the shop with Kafka', () => suite(startKafka));

function suite(start: () => Promise<Broker | undefined>): void {
  let broker: Broker | undefined;
  let collector: Collector;
  let shop: Shop;
  /** The lane of each request, by its trace. */
  const laneOf = new Map<string, string>();

  const request = async (lane: string): Promise<string> => {
    const answer = await shop.checkout({ 'x-user-id': 'ada', 'x-tenant-id': lane });
    laneOf.set(answer.traceId, answer.lane);
    return answer.lane;
  };

  beforeAll(async () => {
    broker = await start();
    collector = await startCollector();
    shop = await Shop.open({
      ...(broker && { KAFKA_BROKERS: broker.brokers }),
      GRAYLANE_LANES: 'gray,team-a',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BLRP_SCHEDULE_DELAY: '100',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
    });
    dyeByTenant(shop.flagsFile);
    await eventually(async () => expect(await request('team-a')).toBe('team-a'));
    const all = Array.from({ length: requests }, (_, index) => lanes[index % lanes.length] ?? 'baseline');
    while (all.length > 0) {
      const wave = all.splice(0, atOnce);
      expect(await Promise.all(wave.map(request))).toEqual(wave);
    }
  });
  afterAll(async () => {
    await shop?.close();
    await collector?.close();
    await broker?.close();
  });

  test('every span of every hop shows the lane of its request', async () => {
    const expected = ['gateway 2', 'gateway 3', 'orders 2', 'orders 3', 'payments 2'].concat(
      broker ? ['payments 4', 'ledger 5'] : [],
    );
    await eventually(async () => {
      const counts = new Map<string, number>();
      for (const { service, kind, traceId } of collector.spans) {
        if (laneOf.has(traceId)) {
          const hop = `${service} ${kind}`;
          counts.set(hop, (counts.get(hop) ?? 0) + 1);
        }
      }
      expect(Object.fromEntries(counts)).toEqual(
        Object.fromEntries(expected.map((hop) => [hop, laneOf.size])),
      );
    });
    const wrong = collector.spans.filter(
      ({ traceId, attributes }) => laneOf.has(traceId) && attributes['lane'] !== laneOf.get(traceId),
    );
    expect(
      wrong.map(({ service, name, kind, attributes }) => [service, name, kind, attributes['lane']]),
    ).toEqual([]);
  });

  test('every series of a hop counts each request in its lane', async () => {
    const sent = Object.fromEntries(
      lanes.map((lane) => [lane, [...laneOf.values()].filter((one) => one === lane).length]),
    );
    const hops = [
      ['gateway', 'http.server.request.duration', { 'http.route': '/checkout' }],
      ['gateway', 'http.client.request.duration', { 'http.request.method': 'POST' }],
      ['orders', 'http.server.request.duration', { 'http.route': '/orders' }],
      ['orders', 'rpc.client.call.duration', { 'rpc.method': 'graylane.demo.Payments/Charge' }],
      ['payments', 'rpc.server.call.duration', { 'rpc.method': 'graylane.demo.Payments/Charge' }],
      ...(broker
        ? ([
            ['payments', 'messaging.client.operation.duration', { 'messaging.operation.name': 'send' }],
            [
              'ledger',
              'messaging.process.duration',
              { 'messaging.consumer.group.name': 'graylane-demo-ledger' },
            ],
          ] as const)
        : []),
    ] as const;
    await eventually(async () => {
      for (const [service, name, attributes] of hops) {
        const found = collector
          .series()
          .filter((series) => series.service === service && series.name === name && fits(series, attributes));
        expect([service, name, byLane(found)]).toEqual([service, name, sent]);
      }
    });
  });

  test('every log record of a request shows its lane', async () => {
    await eventually(async () =>
      expect(new Set(collector.logs.map(({ service }) => service))).toContain('payments'),
    );
    // The evaluation of the dye rule comes before there is a lane.
    const inRequest = collector.logs.filter(
      ({ traceId, attributes }) => laneOf.has(traceId) && attributes['feature_flag.key'] !== 'lane',
    );
    expect(inRequest.length).toBeGreaterThan(0);
    expect(inRequest.filter(({ traceId, attributes }) => attributes['lane'] !== laneOf.get(traceId))).toEqual(
      [],
    );
  });

  test('ids and URLs are in no series', () => {
    const values = collector.series().flatMap(({ attributes }) => Object.values(attributes).map(String));
    expect(values.filter((value) => /^ada$|:\/\/|[0-9a-f]{32}/.test(value))).toEqual([]);
  });
}

/** The dye rule for this test: the tenant is the lane. */
function dyeByTenant(file: string): void {
  const document = JSON.parse(readFileSync(file, 'utf8')) as { flags: Record<string, unknown> };
  document.flags['lane'] = {
    state: 'ENABLED',
    variants: { baseline: 'baseline', gray: 'gray', 'team-a': 'team-a' },
    defaultVariant: 'baseline',
    targeting: {
      if: [{ in: [{ var: 'tenant' }, ['gray', 'team-a']] }, { var: 'tenant' }],
    },
  };
  writeFileSync(file, JSON.stringify(document));
}

function fits({ attributes }: CollectedSeries, wanted: Readonly<Record<string, unknown>>): boolean {
  // OpenTelemetry's own series of undici has no lane, rather than a wrong one.
  return 'lane' in attributes && Object.entries(wanted).every(([name, value]) => attributes[name] === value);
}

function byLane(series: readonly CollectedSeries[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { attributes, count } of series) {
    const lane = String(attributes['lane']);
    counts[lane] = (counts[lane] ?? 0) + count;
  }
  return counts;
}
